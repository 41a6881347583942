Feature: Medicare compares the units with the NDC quantity, in whatever unit it is given
  Milliliters (ML) count by the strength of the product, containers (UN) by its total, milligrams (ME)
  and grams (GR) as they are. Some senders count billing units in UN, so there a person looks.

  Background: A refill in a physician's office (a synthetic claim)
    Given the example refill-with-waste of Medicare for J0945

  Scenario Outline: The quantity holds the units: <quantity> <unit>
    Given these claim lines
      | modifiers | units | ndc          | ndc quantity | ndc unit |
      | JZ        | 4     | 66794-157-02 | <quantity>   | <unit>   |
    When the claim is decided
    Then it is approved
    And rule units-above-ndc-quantity does not hold
    And rule units-differ-from-containers does not hold

    Examples:
      | quantity | unit |
      | 20       | ML   |
      | 40       | ME   |
      | 31       | ME   |
      | 0.04     | GR   |
      | 1        | UN   |
      | 0.9      | UN   |
      | 0        | ME   |
      | 0        | UN   |

  Scenario Outline: The quantity holds fewer units: <quantity> <unit>
    Given these claim lines
      | modifiers | units | ndc          | ndc quantity | ndc unit |
      | JZ        | 4     | 66794-157-02 | <quantity>   | <unit>   |
    When the claim is decided
    Then it is denied
    And the reasons are
      | rule                     | group | carc | rarc | line |
      | units-above-ndc-quantity | CO    | 16   | M53  | 1    |

    Examples:
      | quantity | unit |
      | 10       | ML   |
      | 20       | ME   |
      | 30       | ME   |
      | 0.02     | GR   |

  Scenario Outline: Containers that do not make the units are asked about: <quantity> of <ndc>
    Given these claim lines
      | modifiers | units | ndc   | ndc quantity | ndc unit |
      | JZ        | 4     | <ndc> | <quantity>   | UN       |
    When the claim is decided
    Then it is pended
    And the reasons are
      | rule                         | group | carc | rarc | line |
      | units-differ-from-containers | CO    | 16   | M53  | 1    |
    And it says "Which of the two is wrong?"

    Examples:
      | case                                 | ndc          | quantity |
      | one vial of 20 mg for 40 mg          | 66794-156-02 | 1        |
      | a part of a vial                     | 66794-157-02 | 0.5      |
      | billing units, counted in containers | 66794-157-02 | 4        |

  Scenario Outline: A quantity of no known amount does not count against the claim: <case>
    Given these claim lines
      | modifiers | units | ndc          | ndc quantity | ndc unit |
      | JZ        | 4     | 66794-157-02 | 1            | <unit>   |
    When the claim is decided
    Then it is approved
    And it is assumed that rule units-above-ndc-quantity does not hold

    Examples:
      | case                | unit |
      | international units | F2   |
      | no unit             |      |

  Scenario: Containers of a product that is not in the list make no known amount
    Given these claim lines
      | modifiers | units | ndc           | ndc quantity | ndc unit |
      | JZ        | 4     | 12345-6789-01 | 1            | UN       |
    When the claim is decided
    Then it is pended
    And it is assumed that rule units-differ-from-containers does not hold

  Scenario: A void is compared with nothing
    Given the claim has frequency 8
    And these claim lines
      | modifiers | units | ndc          | ndc quantity | ndc unit |
      | JZ        | 4     | 66794-157-02 | 2            | UN       |
    When the claim is decided
    Then rule units-differ-from-containers does not hold

  Scenario Outline: A quantity above the units is noted, but for containers and JZ, which are asked about: <case>
    Given these claim lines
      | modifiers   | units | ndc          | ndc quantity | ndc unit |
      | <modifiers> | 3     | 66794-157-02 | <quantity>   | <unit>   |
      | JW          | 1     | 66794-157-02 | 0            | ML       |
    When the claim is decided
    Then rule ndc-quantity-above-units <truth>

    Examples:
      | case            | modifiers | quantity | unit | truth         |
      | more            |           | 20.1     | ML   | holds         |
      | twice as much   |           | 80       | ME   | holds         |
      | no more         |           | 20       | ML   | does not hold |
      | less            |           | 15.5     | ML   | does not hold |
      | in containers   |           | 2        | UN   | does not hold |
      | with JZ         | JZ        | 40       | ML   | does not hold |
      | no known amount |           | 40       | F2   | is not known  |

  Scenario Outline: Without a quantity nothing is compared: <modifiers>
    Given these claim lines
      | modifiers   | units | ndc          |
      | <modifiers> | 4     | 66794-157-02 |
    When the claim is decided
    Then rule <rule> does not hold

    Examples:
      | modifiers | rule                         |
      | JZ        | jz-below-ndc-quantity        |
      | JZ        | units-above-ndc-quantity     |
      | JZ        | units-differ-from-containers |
      | KD        | ndc-quantity-above-units     |

  Scenario: A note on a quantity delays nothing
    Given the drug lines have ndc 66794-157-02
    And the drug lines have ndc quantity 20
    And the drug lines have ndc unit ML
    When the claim is decided
    Then it is approved
    And it advises by rule ndc-quantity-above-units

  Scenario Outline: Of a void no quantity is noted or asked about: <modifiers>
    Given the claim has frequency 8
    And these claim lines
      | modifiers   | units | ndc          | ndc quantity | ndc unit |
      | <modifiers> | 4     | 66794-157-02 | 40           | ML       |
    When the claim is decided
    Then rule <rule> does not hold

    Examples:
      | modifiers | rule                     |
      | KD        | ndc-quantity-above-units |
      | JZ        | jz-below-ndc-quantity    |
