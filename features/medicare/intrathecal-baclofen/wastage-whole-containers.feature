Feature: Medicare asks what became of the rest of a container that the claim leaves open
  A single-dose container is used up or thrown away: of each NDC, administered and discarded units are
  whole containers (Medicare Claims Processing Manual, chapter 17, section 40). The claim alone shows it.

  Background: A refill of an implanted pump in a physician's office (a synthetic claim)
    Given the example refill-with-waste of Medicare for J0945

  Rule: JZ is for containers that were used up

    Scenario Outline: Whole containers: <case>
      Given these claim lines
        | modifiers | units   | ndc   |
        | JZ        | <units> | <ndc> |
      When the claim is decided
      Then it is approved
      And rule jz-on-part-of-a-container does not hold

      Examples:
        | case                   | ndc          | units |
        | one vial of 40 mg      | 66794-157-02 | 4     |
        | two vials of 40 mg     | 66794-157-02 | 8     |
        | two vials of 20 mg     | 66794-156-02 | 4     |
        | three vials of 10 mg   | 66794-155-02 | 3     |

    Scenario Outline: A part of a container: <case>
      Given these claim lines
        | modifiers | units   | ndc   |
        | JZ        | <units> | <ndc> |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                      | group | carc | rarc | line |
        | jz-on-part-of-a-container | CO    | 4    | N823 | 1    |
      And it says "What became of the rest?"

      Examples:
        | case                     | ndc          | units |
        | 10 mg of a vial of 40 mg | 66794-157-02 | 1     |
        | 30 mg of a vial of 40 mg | 66794-157-02 | 3     |
        | 50 mg of two vials       | 66794-157-02 | 5     |
        | 70 mg of two vials       | 66794-157-02 | 7     |
        | 10 mg of a vial of 20 mg | 66794-156-02 | 1     |

    Scenario: The lines of one NDC count together
      Given these claim lines
        | modifiers | units | ndc          | charge |
        | JZ        | 3     | 66794-157-02 | 600    |
        | JZ        | 1     | 66794-157-02 | 200    |
      When the claim is decided
      Then it is approved
      And rule jz-on-part-of-a-container does not hold

    Scenario: The lines of two NDCs count each for itself, and both containers are used up
      Given these claim lines
        | modifiers | units | ndc          |
        | JZ        | 4     | 66794-157-02 |
        | JZ        | 1     | 66794-155-02 |
      When the claim is decided
      Then it is approved
      And rule jz-on-part-of-a-container does not hold

    Scenario: Four units in all, from two vials, neither of them whole
      Given the drug lines carry JZ
      And line 1 has ndc 66794-157-02
      And line 2 has ndc 66794-156-02
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                      | group | carc | rarc | line |
        | jz-on-part-of-a-container | CO    | 4    | N823 | 1 2  |

    Scenario: A line without an NDC cannot make the other one's containers whole
      Given the drug lines carry JZ
      And line 1 has ndc 66794-157-02
      And line 2 has units 2
      When the claim is decided
      Then it is pended
      And the reason is CO 4 with N823 from rule jz-on-part-of-a-container

    Scenario Outline: Whether containers are whole cannot be determined: <case>
      Given these claim lines
        | modifiers | units | ndc   |
        | JZ        | 3     | <ndc> |
        | JZ        | 1     |       |
      When the claim is decided
      Then it is approved
      And rule jz-on-part-of-a-container does not hold

      Examples:
        | case                | ndc          |
        | one line has no NDC | 66794-157-02 |
        | no line has one     |              |

    Scenario: Where the setting in which the drug was given is not known, the setting is asked for
      Given the claim has no place of service
      And these claim lines
        | modifiers | units | ndc          |
        | JZ        | 3     | 66794-157-02 |
      When the claim is decided
      Then it is pended
      And rule jz-on-part-of-a-container is not known
      And it asks for service.setting

    Scenario: Where JZ is not needed, nothing is asked about the rest
      Given the claim has place of service 50
      And these claim lines
        | modifiers | units | ndc          |
        | JZ        | 3     | 66794-157-02 |
      When the claim is decided
      Then it is approved
      And rule jz-on-part-of-a-container does not hold

    Scenario: Without JZ and JW the claim is denied for that, and nothing is asked
      Given these claim lines
        | modifiers | units | ndc          |
        |           | 3     | 66794-157-02 |
      When the claim is decided
      Then it is denied
      And rule rest-of-a-container-not-billed does not hold
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

  Rule: A discarded line accounts for the whole rest

    Background:
      Given the drug lines have ndc 66794-157-02

    Scenario Outline: Administered and discarded units are whole containers: <given> and <discarded>
      Given line 1 has units <given>
      And line 2 has units <discarded>
      When the claim is decided
      Then it is approved
      And rule discarded-units-leave-a-rest does not hold

      Examples:
        | given | discarded |
        | 3     | 1         |
        | 1     | 3         |
        | 5     | 3         |

    Scenario Outline: A unit of the container is on no line: <given> and <discarded>
      Given line 1 has units <given>
      And line 2 has units <discarded>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | discarded-units-leave-a-rest | CO    | 16   | N822 | 1 2  |
      And it says "What became of the rest?"

      Examples:
        | given | discarded |
        | 2     | 1         |
        | 3     | 2         |
        | 5     | 2         |

    Scenario: Where JW is not needed, nothing is asked about the rest
      Given the claim has place of service 50
      And line 1 has units 2
      When the claim is decided
      Then it is approved
      And rule discarded-units-leave-a-rest does not hold

    Scenario: Where the setting in which the drug was given is not known, the rest waits for it
      Given the claim has no place of service
      And line 1 has units 2
      When the claim is decided
      Then it is pended
      And it waits for these rules
        | rule                         |
        | discarded-units-leave-a-rest |

    Scenario: JZ beside JW is asked about as such, and the rest once
      Given line 1 carries JZ
      And line 1 has units 5
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | jz-beside-jw-several-containers |       |      |      | 1 2  |
        | discarded-units-leave-a-rest    | CO    | 16   | N822 | 1 2  |

  Rule: The NDC quantity of a line with JZ is no more than its units

    Scenario Outline: The quantity makes the units, rounded up: <quantity> <unit>
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | <quantity>   | <unit>   |
      When the claim is decided
      Then it is approved
      And rule jz-below-ndc-quantity does not hold

      Examples:
        | quantity | unit |
        | 20       | ML   |
        | 15.5     | ML   |
        | 40       | ME   |
        | 0.04     | GR   |

    Scenario Outline: The quantity is more than the units: <quantity> <unit>
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | <quantity>   | <unit>   |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jz-below-ndc-quantity | CO    | 4    | N823 | 1    |
      And it says "What became of the rest?"

      Examples:
        | quantity | unit |
        | 20.1     | ML   |
        | 40       | ML   |
        | 40.1     | ME   |
        | 80       | ME   |
        | 0.05     | GR   |
        | 20       | GR   |

    Scenario Outline: A quantity of no known amount does not count against the claim: <unit>
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | 80           | <unit>   |
      When the claim is decided
      Then it is approved
      And it is assumed that rule jz-below-ndc-quantity does not hold

      Examples:
        | unit |
        | F2   |
        |      |

    Scenario: Without JZ it is an advisory note
      Given the drug lines have ndc 66794-157-02
      And the drug lines have ndc quantity 20
      And the drug lines have ndc unit ML
      When the claim is decided
      Then it is approved
      And rule ndc-quantity-above-units holds
      And rule jz-below-ndc-quantity does not hold
