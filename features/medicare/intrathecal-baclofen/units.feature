Feature: Medicare's units are whole, and are units of the code
  One unit of J0945 or J0475 is 10 mg, one of J0476 is 50 mcg. Units are not a whole number above zero. They
  are not milligrams, not micrograms and not milliliters, and they are no more than the quantity of
  the product on the line holds.

  Rule: Units are not a whole number above zero

    Scenario Outline: The administered units are whole
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <units>
      When the claim is decided
      Then it is approved
      And rule units-not-whole does not hold

      Examples:
        | case              | units |
        | the least         | 1     |
        | several           | 4     |
        | with a zero point | 4.0   |
        | with zeros        | 4.000 |

    Scenario Outline: The administered units are not whole, or none
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <units>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule            | group | carc | rarc | line |
        | units-not-whole | CO    | 16   | M53  | 1    |

      Examples:
        | case                 | units    |
        | none                 | 0        |
        | none, with a point   | 0.0      |
        | a tenth              | 0.1      |
        | a half               | 3.5      |
        | a little below whole | 3.999999 |
        | a little above whole | 4.000001 |

    Scenario Outline: The discarded units are not whole, or none
      Given the example refill-with-waste of Medicare for J0945
      But line 2 has units <units>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule            | group | carc | rarc | line |
        | units-not-whole | CO    | 16   | M53  | 1 2  |

      Examples:
        | case              | units |
        | none              | 0     |
        | a part of a unit  | 0.4   |
        | a unit and a part | 1.2   |

    Scenario: One of two administered lines has no units
      Given the example refill-with-waste of Medicare for J0945
      But the drug lines carry JZ
      And line 1 has units 4
      And line 2 has units 0
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule units-not-whole

    Scenario: Parts of a unit on both lines do not make a whole
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 3.6
      And line 2 has units 0.4
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule            | group | carc | rarc | line |
        | units-not-whole | CO    | 16   | M53  | 1 2  |
      And it says "Round the administered amount up and the discarded amount down to whole units"

    Scenario: The units are not on the line
      Given the example clean-refill of Medicare for J0945
      But the drug lines have no units
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule units-not-whole is not known
      And it first asks for the administered units billed

    Scenario: The units are not on a line of a day that had no limit
      Given the example clean-refill of Medicare for J0945
      But the drug lines have date 2024-06-30
      And the drug lines have no units
      When the claim is decided
      Then it is pended
      And it asks for the administered units billed

    Scenario: The units of the discarded line are not there
      Given the example refill-with-waste of Medicare for J0945
      But line 2 has no units
      When the claim is decided
      Then it is pended
      And it asks for the discarded units billed

    Scenario Outline: A record without lines that reports a part of a unit is denied as well: <part>
      Given a claim to Medicare for J0945 on 2025-03-03
      And the claim has place of service 11
      And the diagnoses G82.51
      And it is known that the phase of therapy is refill
      And it is known that <part> is 0.5 billing units
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule units-not-whole

      Examples:
        | part                          |
        | the administered units billed |
        | the discarded units billed    |

    Scenario: A part of a unit on the procedure line is no matter of the drug
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | code  | modifiers | units |
        | J0945 | JZ        | 4     |
        | 62369 |           | 0.5   |
      When the claim is decided
      Then it is approved

    Scenario: A void is not looked at for its units
      Given the example clean-refill of Medicare for J0945
      And the claim has frequency 8
      And the drug lines have units 0
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: Milligrams and micrograms are not units

    Background: A refill in a physician's office (a synthetic claim)
      Given the example clean-refill of Medicare for J0945

    Scenario Outline: The dose was entered as units
      Given the drug lines have units <units>
      And it is known that the dose administered is <dose>
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule weight-billed-as-units
      And rule administered-above-dose does not hold

      Examples:
        | case                       | dose   | units |
        | milligrams of a vial       | 36 mg  | 36    |
        | milligrams of a full vial  | 40 mg  | 40    |
        | milligrams of two vials    | 72 mg  | 72    |
        | the smallest difference    | 2 mg   | 2     |
        | micrograms                 | 50 mcg | 50    |
        | micrograms of a whole vial | 40 mg  | 40000 |

    Scenario: The reason states the dose and the units that it makes
      Given the drug lines have units 36
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then it says "36 billing units are billed for a dose of 36 mg (36000 mcg): the weight was entered as units. The dose makes 4 billing units"

    Scenario: Both lines were entered in milligrams
      Given these claim lines
        | modifiers | units |
        |           | 30    |
        | JW        | 10    |
      And it is known that the dose administered is 30 mg
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | weight-billed-as-units | CO    | 16   | M53  | 1 2  |
        | daily-limit            | CO    | 151  | N362 | 1 2  |
        | jw-above-record        | CO    | 151  | N362 | 2    |

    Scenario Outline: The units are no weight
      Given the drug lines have units <units>
      And it is known that the dose administered is <dose>
      When the claim is decided
      Then rule weight-billed-as-units does not hold

      Examples:
        | case                             | dose  | units |
        | the right units                  | 36 mg | 4     |
        | one milligram is one unit        | 1 mg  | 1     |
        | one microgram is one unit        | 1 mcg | 1     |
        | too many, but not the milligrams | 36 mg | 5     |
        | one off the milligrams           | 36 mg | 35    |

    Scenario: Too many units that are no weight are reduced to the dose
      Given the drug lines have units 5
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then line 1 is reduced to 4 units
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | administered-above-dose | CO    | 151  | N362 | 1    |

    Scenario: Without a dose it cannot be determined that the units are a weight
      When the claim is decided
      Then it is approved
      And it is assumed that rule weight-billed-as-units does not hold
      And it asks nothing

  Rule: Milliliters are not units, and the units fit the quantity of the product on the lines

    Background: A refill in a physician's office (a synthetic claim)
      Given the example clean-refill of Medicare for J0945

    Scenario Outline: The units fit the quantity
      Given these claim lines
        | modifiers | units   | ndc   | ndc quantity | ndc unit |
        | JZ        | <units> | <ndc> | <quantity>   | ML       |
      When the claim is decided
      Then it is approved
      And rule units-above-ndc-quantity does not hold
      And rule volume-billed-as-units does not hold

      Examples:
        | case                                 | ndc           | quantity | units |
        | 20 mL of 2000 mcg/mL                 | 66794-157-02  | 20       | 4     |
        | 18 mL of 2000 mcg/mL, rounded up     | 66794-157-02  | 18       | 4     |
        | 15.5 mL of 2000 mcg/mL, rounded up   | 66794-157-02  | 15.5     | 4     |
        | 15.001 mL of 2000 mcg/mL, rounded up | 66794-157-02  | 15.001   | 4     |
        | 20 mL of 1000 mcg/mL                 | 66794-156-01  | 20       | 2     |
        | 20 mL of 500 mcg/mL                  | 66794-155-02  | 20       | 1     |
        | 5 mL of 2000 mcg/mL, the same 10 mg  | 70121-2502-02 | 5        | 1     |
        | 40 mL of 2000 mcg/mL                 | 66794-157-02  | 40       | 8     |

    Scenario Outline: The volume was entered as units
      Given these claim lines
        | modifiers | units   | ndc   | ndc quantity | ndc unit |
        | JZ        | <units> | <ndc> | <units>      | ML       |
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule volume-billed-as-units

      Examples:
        | case                 | ndc           | units |
        | 20 mL of 2000 mcg/mL | 66794-157-02  | 20    |
        | 18 mL of 2000 mcg/mL | 66794-157-02  | 18    |
        | 20 mL of 500 mcg/mL  | 66794-155-02  | 20    |
        | 5 mL of 2000 mcg/mL  | 70121-2502-02 | 5     |
        | 2 mL of 2000 mcg/mL  | 66794-157-02  | 2     |

    Scenario: One milliliter of 2000 mcg/mL makes one unit, rounded up, and is no slip
      What is left of the vial is another question.

      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 1     | 66794-157-02 | 1            | ML       |
      When the claim is decided
      Then it is pended
      And rule volume-billed-as-units does not hold
      And the reason is CO 4 with N823 from rule jz-on-part-of-a-container

    Scenario Outline: More units are billed than the quantity holds
      Given these claim lines
        | modifiers | units   | ndc   | ndc quantity | ndc unit |
        | JZ        | <units> | <ndc> | <quantity>   | ML       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc | line |
        | units-above-ndc-quantity | CO    | 16   | M53  | 1    |

      Examples:
        | case                                | ndc           | quantity | units |
        | two vials, and the quantity of one  | 66794-157-02  | 20       | 8     |
        | 15 mL make three units              | 66794-157-02  | 15       | 4     |
        | a weak product taken for the strong | 66794-155-02  | 20       | 4     |
        | a small ampule taken for a vial     | 70121-2502-02 | 5        | 4     |
        | four units of one milliliter        | 66794-157-02  | 1        | 4     |
        | four units of half a milliliter     | 66794-157-02  | 0.5      | 4     |

    Scenario: The quantity of both lines is compared with the units of both
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 15           | ML       |
        | JW        | 1     | 66794-157-02 | 5            | ML       |
      When the claim is decided
      Then it is approved
      And rule units-above-ndc-quantity does not hold

    Scenario: Both lines together bill more than their quantity holds
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 6     | 66794-157-02 | 30           | ML       |
        | JW        | 2     | 66794-157-02 | 5            | ML       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc | line |
        | units-above-ndc-quantity | CO    | 16   | M53  | 1 2  |

    Scenario: One unit too many of a vial, and the rest of a second one is open as well
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 5     | 66794-157-02 | 20           | ML       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                      | group | carc | rarc | line |
        | units-above-ndc-quantity  | CO    | 16   | M53  | 1    |
        | jz-on-part-of-a-container | CO    | 4    | N823 | 1    |

    Scenario Outline: The quantity cannot be compared, and nothing counts against the claim
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 15           | ML       |
        | JW        | 1     | <ndc>        | <quantity>   | <unit>   |
      When the claim is decided
      Then it is approved
      And it is assumed that rule units-above-ndc-quantity does not hold

      Examples:
        | case                             | ndc          | quantity | unit |
        | the second line names no product |              |          |      |
        | the second line has no quantity  | 66794-157-02 |          |      |
        | its unit says no weight          | 66794-157-02 | 5        | F2   |

    Scenario: The second line is weaker, and its quantity counts at its own strength
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | 20           | ML       |
        | JZ        | 1     | 66794-155-02 | 20           | ML       |
      When the claim is decided
      Then it is approved
      And rule units-above-ndc-quantity does not hold

    Scenario: A claim without a product cannot be compared
      When the claim is decided
      Then it is approved
      And rule units-above-ndc-quantity does not hold
      And rule volume-billed-as-units does not hold

    Scenario: A quantity in containers is no volume
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | 1            | UN       |
      When the claim is decided
      Then it is approved
      And rule units-above-ndc-quantity does not hold

    Scenario: Twenty units are the volume of two lines of different strengths
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | 10           | ML       |
        | JZ        | 16    | 66794-155-02 | 10           | ML       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | volume-billed-as-units | CO    | 16   | M53  | 1 2  |
        | daily-limit            | CO    | 151  | N362 | 1 2  |

  Rule: A screening dose needs few units

    Background: A screening dose in a physician's office (a synthetic claim)
      Given the example screening-dose of Medicare for J0476

    Scenario Outline: Up to two units of 50 mcg
      Given the drug lines have units <units>
      When the claim is decided
      Then it is approved
      And rule trial-units-above-expected does not hold

      Examples:
        | case    | units |
        | 50 mcg  | 1     |
        | 100 mcg | 2     |

    Scenario: A third unit is asked about, and is above the limit of a day
      Given the drug lines have units 3
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | trial-units-above-expected |       |      |      | 1    |
        | daily-limit                | CO    | 151  | N362 | 1    |

    Scenario: Discarded units count among those of a screening dose
      Given these claim lines
        | code  | modifiers | units |
        | J0476 |           | 2     |
        | J0476 | JW        | 1     |
        | 62322 |           | 1     |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | line |
        | trial-units-above-expected | 1 2  |
        | daily-limit                | 1 2  |
      And rule daily-limit holds

    Scenario Outline: Micrograms were entered as units of 50 mcg
      Given the drug lines have units <units>
      And it is known that the dose administered is <dose>
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule weight-billed-as-units

      Examples:
        | case    | dose   | units |
        | 50 mcg  | 50 mcg | 50    |
        | 100 mcg | 0.1 mg | 100   |

    Scenario: One milliliter of 50 mcg/mL is one unit
      Given the drug lines have ndc 66794-151-01
      And the drug lines have ndc quantity 1
      And the drug lines have ndc unit ML
      When the claim is decided
      Then it is approved
      And rule volume-billed-as-units does not hold

    Scenario: A screening dose without its units
      Given the drug lines have no units
      When the claim is decided
      Then it is pended
      And rule trial-units-above-expected is not known

  Rule: A screening dose under the client's code is a part of one unit of 10 mg

    Background: A screening dose in a physician's office (a synthetic claim)
      Given the example screening-dose of Medicare for J0945
      And the claim has place of service 11
      And the drug lines have no place of service
      And line 2 has no place of service

    Scenario: One unit of 10 mg
      When the claim is decided
      Then it is approved
      And rule trial-units-above-expected does not hold

    Scenario: Two units of 10 mg
      Given the drug lines have units 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | trial-units-above-expected |       |      |      | 1    |
      And it says "2 billing units are billed for a screening dose"

    Scenario: A refill may take more
      Given the drug lines have units 4
      And line 2 has code 62369
      When the claim is decided
      Then it is approved
      And rule trial-units-above-expected does not hold
