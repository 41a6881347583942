Feature: Medicare pays for what the labels of the opened containers name, and no more
  Overfill is never billed, nothing is billed twice, and what is left must be accounted for. Only what
  stayed in the container and was thrown away is discarded drug. A container that the dose did not
  need pends for review, since a needed concentration can justify it.

  Rule: No more units are paid than the opened containers hold by their labels

    Background:
      Given the example clean-refill of Medicare for J0945
      And it is known that the labeled total of the opened containers is 40 mg

    Scenario Outline: The units fit the labeled total
      Given these claim lines
        | modifiers | units       |
        |           | <given>     |
        | JW        | <discarded> |
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And rule billed-above-containers does not hold
      And rule billed-below-containers does not hold

      Examples:
        | case                    | label | given | discarded |
        | one vial                | 40 mg | 3     | 1         |
        | one vial, mostly thrown | 40 mg | 1     | 3         |
        | two vials               | 80 mg | 7     | 1         |
        | three ampules of 10 mg  | 30 mg | 2     | 1         |

    Scenario Outline: More units are billed than the labeled total
      Given these claim lines
        | modifiers | units       |
        |           | <given>     |
        | JW        | <discarded> |
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And <given> units are allowed on line 1
      And line 2 is reduced to <paid> units
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-above-containers | CO    | 151  | N362 | 1 2  |

      Examples:
        | case                   | label | given | discarded | paid |
        | one vial, one too many | 40 mg | 3     | 2         | 1    |
        | one vial, far too many | 40 mg | 2     | 6         | 2    |
        | vials of 40 and 20 mg  | 60 mg | 5     | 2         | 1    |

    Scenario: The administered units alone use up the container
      Given these claim lines
        | modifiers | units |
        |           | 4     |
        | JW        | 1     |
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And 0 units are allowed on line 2
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-above-containers | CO    | 151  | N362 | 1 2  |

    Scenario: The administered units alone are more than the container
      Given the drug lines have units 5
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to 4 units
      And the reason is CO 151 with N362 from rule billed-above-containers
      And it says "Overfill is not billed, and nothing is billed twice"

    Scenario: The discarded line stands first, and is paid first
      What the container holds is given out line by line.

      Given these claim lines
        | modifiers | units |
        | JW        | 2     |
        |           | 3     |
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 2 units

    Scenario: Overfill was given, and the vial's label is all that is paid
      The vial of 40 mg held 41 mg, all of it was given, and five units were billed.

      Given the drug lines have units 5
      And it is known that the dose administered is 41 mg
      And it is known that the amount discarded is 0 mg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-above-containers | CO    | 151  | N362 | 1    |
        | amounts-do-not-add-up   |       |      |      | 1    |

    Scenario: A part of a unit on the label does not count against the claim
      A container that is no whole number of units may be billed rounded up or down (synthetic:
      every container for intrathecal use that was found is whole units or a screening dose).

      Given it is known that the labeled total of the opened containers is 35 mg
      When the claim is decided
      Then it is approved

    Scenario Outline: The bounds for a label that is no whole number of units
      Given the drug lines have units <units>
      And it is known that the labeled total of the opened containers is 35 mg
      When the claim is decided
      Then it is <decision>

      Examples:
        | case         | units | decision        |
        | one too few  | 2     | pended          |
        | rounded down | 3     | approved        |
        | rounded up   | 4     | approved        |
        | one too many | 5     | partly approved |

  Rule: Units of the opened containers that are on no line are asked about

    Background:
      Given the example clean-refill of Medicare for J0945
      And the drug lines have units 3

    Scenario Outline: Fewer units are billed than the labeled total
      Given the drug lines have units <billed>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-below-containers | CO    | 16   | N822 | 1    |
      And it says "What became of the rest?"

      Examples:
        | case                  | label | billed |
        | one unit of a vial    | 40 mg | 3      |
        | most of a vial        | 40 mg | 1      |
        | one unit of two vials | 80 mg | 7      |

    Scenario: In a rural health clinic no question is asked about the rest
      Given the claim has place of service 72
      And the drug lines carry no JZ
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is approved
      And rule billed-below-containers does not hold

    Scenario: The labeled total is not known
      When the claim is decided
      Then it is approved
      And it is assumed that rule billed-above-containers does not hold
      And it is assumed that rule billed-below-containers does not hold
      And it does not ask for the labeled total of the opened containers

  Rule: Discarded drug billed for something else than the rest of a container

    Scenario: It was left in the container
      Given the example refill-with-waste of Medicare for J0945
      And it is known that what the discarded amount was is left in container
      When the claim is decided
      Then it is approved
      And rule jw-for-something-else does not hold

    Scenario Outline: It was something else
      Given the example refill-with-waste of Medicare for J0945
      And it is known that what the discarded amount was is <what>
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And 3 units are allowed on line 1
      And line 2 is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-for-something-else | CO    | 4    | N823 | 2    |

      Examples:
        | case                                     | what                     |
        | old drug drawn from the pump's reservoir | drawn from reservoir     |
        | overfill                                 | overfill                 |
        | the next patient got it                  | given to another patient |

    Scenario: Old drug was drawn from the reservoir, and nothing of it is billed
      Given the example clean-refill of Medicare for J0945
      And it is known that what the discarded amount was is drawn from reservoir
      When the claim is decided
      Then it is approved
      And rule jw-for-something-else does not hold

    Scenario: The record does not say what it was
      Given the example refill-with-waste of Medicare for J0945
      When the claim is decided
      Then it is approved
      And it is assumed that rule jw-for-something-else does not hold

    Scenario: What was drawn from the reservoir is also less than a unit
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 4
      And it is known that what the discarded amount was is drawn from reservoir
      And it is known that the amount discarded is 2 mg
      When the claim is decided
      Then line 2 is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-for-something-else | CO    | 4    | N823 | 2    |
        | jw-below-one-unit     | CO    | 4    | N823 | 2    |

  Rule: A container more than the dose needed pends for review

    Background:
      Given the example refill-with-waste of Medicare for J0945

    Scenario Outline: One container fewer would have done
      Given line 1 has units <given>
      And line 2 has units <discarded>
      And the drug lines have ndc <ndc>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | container-not-needed |       |      |      | 1 2  |

      Examples:
        | case                                    | ndc           | dose  | waste | label | opened | given | discarded |
        | the first vial would have held the dose | 66794-157-02  | 40 mg | 40 mg | 80 mg | 2      | 4     | 4         |
        | the first vial would have had some left | 66794-157-02  | 30 mg | 50 mg | 80 mg | 2      | 3     | 5         |
        | two small ampules would have done       | 70121-2501-01 | 20 mg | 10 mg | 30 mg | 3      | 2     | 1         |

    Scenario Outline: All of the containers were needed
      Given line 1 has units <given>
      And line 2 has units <discarded>
      And the drug lines have ndc <ndc>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is approved
      And rule container-not-needed does not hold

      Examples:
        | case                           | ndc          | dose      | waste     | label | opened | given | discarded |
        | a microgram more than one vial | 66794-157-02 | 40.001 mg | 39.999 mg | 80 mg | 2      | 5     | 3         |
        | most of the second vial        | 66794-157-02 | 70 mg     | 10 mg     | 80 mg | 2      | 7     | 1         |
        | one vial, and little of it     | 66794-157-02 | 10 mg     | 30 mg     | 40 mg | 1      | 1     | 3         |

    Scenario: One container cannot be one too many, even where the product named is smaller
      Given the drug lines have ndc 66794-155-02
      And it is known that the dose administered is 30 mg
      And it is known that the labeled total of the opened containers is 40 mg
      And it is known that the number of containers opened is 1
      When the claim is decided
      Then rule container-not-needed does not hold

    Scenario: The containers are of two sizes, so it cannot be determined whether one was too many
      Given line 1 has units 4
      And line 1 has ndc 66794-157-02
      And line 2 has ndc 66794-155-02
      And it is known that the dose administered is 40 mg
      And it is known that the amount discarded is 10 mg
      And it is known that the labeled total of the opened containers is 50 mg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is approved
      And it is assumed that rule container-not-needed does not hold

    Scenario: No product is on the lines, so it cannot be determined whether one was too many
      Given the drug lines have units 4
      And it is known that the dose administered is 40 mg
      And it is known that the amount discarded is 40 mg
      And it is known that the labeled total of the opened containers is 80 mg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is approved
      And it is assumed that rule container-not-needed does not hold

  Rule: Several lines and containers of one day are judged together

    Background:
      Given the example refill-with-waste of Medicare for J0945

    Scenario: Two vials, the administered units on two lines, one unit thrown away
      Given these claim lines
        | modifiers | units | ndc           |
        |           | 4     | 66794-157-02  |
        |           | 3     | 70121-2503-01 |
        | JW        | 1     | 70121-2503-01 |
      And it is known that the dose administered is 70 mg
      And it is known that the amount discarded is 10 mg
      And it is known that the labeled total of the opened containers is 80 mg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And 3 units are allowed on line 2
      And 1 unit is allowed on line 3

    Scenario: Two administered lines are more than the dose; the later line gives way
      Given the drug lines carry JZ
      And line 2 has units 2
      And it is known that the dose administered is 40 mg
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | administered-above-dose | CO    | 151  | N362 | 1 2  |

    Scenario: Two discarded lines are more than the record; the later line gives way
      Given these claim lines
        | modifiers | units |
        |           | 2     |
        | JW        | 1     |
        | JW        | 2     |
      And it is known that the dose administered is 20 mg
      And it is known that the amount discarded is 20 mg
      When the claim is decided
      Then line 2 is approved
      And line 3 is reduced to 1 unit
      And the reasons are
        | rule            | group | carc | rarc | line |
        | jw-above-record | CO    | 151  | N362 | 2 3  |

    Scenario: Two discarded lines make the record together
      Given these claim lines
        | modifiers | units |
        |           | 5     |
        | JW        | 1     |
        | JW        | 2     |
      And it is known that the dose administered is 50 mg
      And it is known that the amount discarded is 30 mg
      And it is known that the labeled total of the opened containers is 80 mg
      When the claim is decided
      Then it is approved

  Rule: Each day of a claim is decided on its own

    Background:
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      And the claim has place of service 11

    Scenario: Two refills on one claim, one in order and one without JZ
      Given these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 4     | 2025-03-03 | refill        |
        |           | 4     | 2025-06-03 | refill        |
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 2    |

    Scenario: Two refills on one claim, one with JZ and one with JW
      Given these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 4     | 2025-03-03 | refill        |
        |           | 3     | 2025-06-03 | refill        |
        | JW        | 1     | 2025-06-03 | refill        |
      When the claim is decided
      Then it is approved
      And rule jz-beside-jw does not hold

    Scenario: The discarded drug of one day does not excuse the missing JZ of another
      Given these claim lines
        | modifiers | units | date       | therapy.phase |
        |           | 4     | 2025-03-03 | refill        |
        |           | 3     | 2025-06-03 | refill        |
        | JW        | 1     | 2025-06-03 | refill        |
      When the claim is decided
      Then line 1 is denied
      And line 2 is approved
      And line 3 is approved
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario: A faulty discarded line does not touch the other day
      Given these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 4     | 2025-03-03 | refill        |
        |           | 3     | 2025-06-03 | refill        |
        | JW JZ     | 1     | 2025-06-03 | refill        |
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And line 3 is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 2 3  |
