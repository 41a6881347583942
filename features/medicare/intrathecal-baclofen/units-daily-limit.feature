Feature: Medicare pays no more units in a day than the medically unlikely edit allows
  The edition of 2024-07-01 allows 8 units of J0475 a day, and 2 of J0476; J0945 follows J0475
  (synthetic). The edit counts every line of the code for the day, on this claim and on earlier ones,
  the discarded units with them (contested; a parameter says so). What is above is not paid, and can be
  appealed with evidence. Before 2024-07-01 no edition was readable, and no limit is applied.

  Rule: From 2024-07-01 a day has a limit

    Scenario Outline: The units stay within what is allowed on that day
      Given a claim to Medicare for <code> on <date>
      And the claim has place of service 11
      And the diagnoses G82.51
      And these claim lines
        | modifiers | units   |
        | JZ        | <units> |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1

      Examples:
        | case                                   | code  | date       | units |
        | exactly the limit, on its first day    | J0945 | 2024-07-01 | 8     |
        | one below, on its first day            | J0945 | 2024-07-01 | 7     |
        | exactly the limit, later               | J0945 | 2025-03-03 | 8     |
        | exactly the limit, the official code   | J0475 | 2024-07-01 | 8     |
        | one above, on the last day without one | J0945 | 2024-06-30 | 9     |
        | far above, on the last day without one | J0945 | 2024-06-30 | 80    |
        | the official code, without a limit yet | J0475 | 2024-06-30 | 9     |

    Scenario Outline: The units are above what is allowed on that day
      Given a claim to Medicare for <code> on <date>
      And the claim has place of service 11
      And the diagnoses G82.51
      And these claim lines
        | modifiers | units   |
        | JZ        | <units> |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to 8 units
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1    |
      And it says "the limit of a day is 8 billing units. It can be appealed with evidence."

      Examples:
        | case                                | code  | date       | units |
        | one above, on the first day         | J0945 | 2024-07-01 | 9     |
        | one above, later                    | J0945 | 2025-03-03 | 9     |
        | far above                           | J0945 | 2026-08-01 | 80    |
        | the official code, on the first day | J0475 | 2024-07-01 | 9     |
        | the official code, later            | J0475 | 2025-03-03 | 12    |

    Scenario: A screening dose above its limit before there was one
      Given the example screening-dose of Medicare for J0476 on 2024-06-30
      But the drug lines have units 3
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       |
        | trial-units-above-expected |

    Scenario: A screening dose above its limit on the limit's first day
      Given the example screening-dose of Medicare for J0476 on 2024-07-01
      But the drug lines have units 3
      When the claim is decided
      Then it is pended
      And the reason is CO 151 with N362 from rule daily-limit
      And it says "the limit of a day is 2 billing units"

    Scenario Outline: A screening dose within its limit
      Given the example screening-dose of Medicare for J0476
      But the drug lines have units <units>
      When the claim is decided
      Then it is approved
      And rule daily-limit does not hold

      Examples:
        | case              | units |
        | one below         | 1     |
        | exactly the limit | 2     |

    Scenario: Earlier claims count from the first day of the limit
      Given the example clean-refill of Medicare for J0945 on 2024-07-01
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 5     |
      When the claim is decided
      Then line 1 is reduced to 3 units
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | daily-limit-with-earlier-claims | CO    | 151  | N362 | 1    |

    Scenario: Earlier claims do not count on the last day without a limit
      Given the example clean-refill of Medicare for J0945 on 2024-06-30
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 5     |
      When the claim is decided
      Then it is approved

    Scenario: The limit of July is not applied to earlier claims of June, even where it is supplied
      Given the example clean-refill of Medicare for J0945 on 2024-06-30
      And it is known that drug.daily_unit_limit is 8 billing units
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 5     |
      When the claim is decided
      Then it is approved

  Rule: Every line of the code and day counts

    Scenario Outline: Two lines together reach the limit and no more
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | modifiers | units    |
        | <first>   | <units>  |
        | <second>  | <others> |
      When the claim is decided
      Then it is approved
      And rule daily-limit does not hold

      Examples:
        | case                   | first | units | second | others |
        | two administered lines | JZ    | 5     | JZ     | 3      |
        | given and discarded    |       | 7     | JW     | 1      |
        | half of it discarded   |       | 4     | JW     | 4      |

    Scenario Outline: Two lines together are above the limit; the later line gives way
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | modifiers | units    |
        | <first>   | <units>  |
        | <second>  | <others> |
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And <units> units are allowed on line 1
      And line 2 is reduced to <paid> units
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1 2  |

      Examples:
        | case                        | first | units | second | others | paid |
        | two administered lines      | JZ    | 5     | JZ     | 4      | 3    |
        | given and discarded         |       | 7     | JW     | 2      | 1    |
        | the discarded line first    | JW    | 3     |        | 6      | 5    |
        | 59 does not raise the limit | JZ    | 5     | JZ 59  | 4      | 3    |
        | XU does not raise the limit | JZ    | 5     | JZ XU  | 4      | 3    |

    Scenario: The first line uses up the day, and the second is denied
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 8
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is denied
      And 0 units are allowed on line 2
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1 2  |

    Scenario: The first line alone is above the limit, and the second is denied
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 9
      When the claim is decided
      Then line 1 is reduced to 8 units
      And line 2 is denied
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1 2  |

    Scenario: Lines are filled by their number, wherever they stand
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | number | modifiers | units |
        | 2      | JZ        | 5     |
        | 1      | JZ        | 4     |
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 4 units

    Scenario: A denied line takes nothing of the limit
      The discarded line is refused as overfill, so that all of the limit is left for what was given.

      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | modifiers | units |
        | JW        | 2     |
        |           | 8     |
      And it is known that what the discarded amount was is overfill
      When the claim is decided
      Then line 1 is denied
      And line 2 is approved
      And 8 units are allowed on line 2
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-for-something-else | CO    | 4    | N823 | 1    |
        | daily-limit           | CO    | 151  | N362 | 1 2  |

    Scenario: The dose, the containers and the day each set a limit; the least counts
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units 10
      And it is known that the dose administered is 66 mg
      And it is known that the amount discarded is 4 mg
      And it is known that the labeled total of the opened containers is 70 mg
      When the claim is decided
      Then line 1 is reduced to 7 units
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | administered-above-dose | CO    | 151  | N362 | 1    |
        | billed-above-containers | CO    | 151  | N362 | 1    |
        | daily-limit             | CO    | 151  | N362 | 1    |

    Scenario: Each day has its own limit
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 8     | 2025-03-03 | refill        |
        | JZ        | 8     | 2025-03-04 | refill        |
      When the claim is decided
      Then it is approved

    Scenario: One day above the limit does not touch the other
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 9     | 2025-03-03 | refill        |
        | JZ        | 7     | 2025-03-04 | refill        |
      When the claim is decided
      Then line 1 is reduced to 8 units
      And line 2 is approved
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1    |

    Scenario: Another drug of the day does not count
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | code  | modifiers | units |
        | J0945 | JZ        | 8     |
        | J2278 | JZ        | 25    |
      When the claim is decided
      Then line 1 is approved
      And rule daily-limit does not hold

    Scenario: The units of a line are not known, so the limit cannot be judged
      Given the example refill-with-waste of Medicare for J0945
      But the drug lines carry JZ
      And line 1 has units 5
      And line 2 has no units
      When the claim is decided
      Then it is pended
      And rule daily-limit is not known
      And it asks for the administered units billed

    Scenario: A void is not measured by the day
      Given the example clean-refill of Medicare for J0945
      And the claim has frequency 8
      And the drug lines have units 9
      When the claim is decided
      Then it is pended
      And rule daily-limit does not hold

  Rule: Earlier claims for the day count

    Background: A refill in a physician's office (a synthetic claim)
      Given the example clean-refill of Medicare for J0945

    Scenario Outline: Together with earlier claims the units stay within the limit
      Given the drug lines have units <units>
      And these earlier claims
        | claim number | modifiers | units     |
        | EARLIER-1    | JZ        | <earlier> |
      When the claim is decided
      Then it is approved
      And rule daily-limit-with-earlier-claims does not hold

      Examples:
        | case              | units | earlier |
        | exactly the limit | 3     | 5       |
        | one below         | 3     | 4       |
        | one unit on each  | 1     | 7       |

    Scenario Outline: Together with earlier claims the units are above the limit
      Given the drug lines have units <units>
      And these earlier claims
        | claim number | modifiers | units     |
        | EARLIER-1    | JZ        | <earlier> |
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to <paid> units
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | daily-limit-with-earlier-claims | CO    | 151  | N362 | 1    |
      And it says "Earlier claims have <earlier> billing units for 2025-03-03 and this one <units> billing units; the limit of a day is 8 billing units"

      Examples:
        | case                    | units | earlier | paid |
        | one above               | 4     | 5       | 3    |
        | a second full reservoir | 8     | 4       | 4    |
        | one unit left           | 4     | 7       | 1    |
        | a second unit on each   | 7     | 2       | 6    |

    Scenario Outline: Earlier claims have used up the day
      Given these earlier claims
        | claim number | modifiers | units     |
        | EARLIER-1    | JZ        | <earlier> |
      When the claim is decided
      Then it is denied
      And 0 units are allowed on line 1
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | daily-limit-with-earlier-claims | CO    | 151  | N362 | 1    |

      Examples:
        | case                   | earlier |
        | exactly                | 8       |
        | and were paid above it | 10      |

    Scenario: A single unit of an earlier claim counts
      Given the drug lines have units 8
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 1     |
      When the claim is decided
      Then line 1 is reduced to 7 units
      And the reason is CO 151 with N362 from rule daily-limit-with-earlier-claims

    Scenario: Several earlier claims are added up, their discarded units with them
      Given these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    |           | 2     |
        | EARLIER-1    | JW        | 1     |
        | EARLIER-2    | JZ        | 3     |
      When the claim is decided
      Then line 1 is reduced to 2 units
      And units.on_earlier_claims is concluded to be 6

    Scenario: Given and discarded units of this claim share what earlier claims left
      Given these claim lines
        | modifiers | units |
        |           | 3     |
        | JW        | 2     |
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 4     |
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | daily-limit-with-earlier-claims | CO    | 151  | N362 | 1 2  |

    Scenario: This claim alone is above the limit, and earlier claims leave still less
      Given the drug lines have units 9
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 3     |
      When the claim is decided
      Then line 1 is reduced to 5 units
      And the reasons are
        | rule                            | group | carc | rarc | line |
        | daily-limit                     | CO    | 151  | N362 | 1    |
        | daily-limit-with-earlier-claims | CO    | 151  | N362 | 1    |

    Scenario Outline: An earlier claim that does not count
      Given these earlier claims
        | claim number | code   | date   | modifiers | units | void   |
        | EARLIER-1    | <code> | <date> | JZ        | 8     | <void> |
      When the claim is decided
      Then it is approved
      And units.on_earlier_claims is concluded to be 0
      And rule daily-limit-with-earlier-claims does not hold

      Examples:
        | case           | code  | date       | void |
        | it was voided  | J0945 | 2025-03-03 | yes  |
        | the day before | J0945 | 2025-03-02 | no   |
        | the day after  | J0945 | 2025-03-04 | no   |
        | another drug   | J2278 | 2025-03-03 | no   |

    Scenario: A voided claim does not count, and another one does
      Given these earlier claims
        | claim number | modifiers | units | void |
        | EARLIER-1    | JZ        | 8     | yes  |
        | EARLIER-2    | JZ        | 6     | no   |
      When the claim is decided
      Then line 1 is reduced to 2 units

    Scenario: A replacement releases the units of the claim that it replaces
      Given the claim has frequency 7
      And the claim has original id EARLIER-1
      And the drug lines have units 7
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 8     |
      When the claim is decided
      Then it is approved
      And 7 units are allowed on line 1
      And units.on_earlier_claims is concluded to be 0

    Scenario: A replacement does not release the units of another claim
      Given the claim has frequency 7
      And the claim has original id EARLIER-1
      And the drug lines have units 7
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 8     |
        | EARLIER-2    | JZ        | 3     |
      When the claim is decided
      Then line 1 is reduced to 5 units
      And the reason is CO 151 with N362 from rule daily-limit-with-earlier-claims

    Scenario: A replacement is itself measured by the day
      Given the claim has frequency 7
      And the claim has original id EARLIER-1
      And the drug lines have units 9
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 8     |
      When the claim is decided
      Then line 1 is reduced to 8 units
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1    |

    Scenario: The payer looked and found no earlier claim
      Given the drug lines have units 8
      And there are no earlier claims
      When the claim is decided
      Then it is approved
      And rule daily-limit-with-earlier-claims does not hold

    Scenario: No one has looked for earlier claims, and none are assumed
      Given the drug lines have units 8
      When the claim is decided
      Then it is approved
      And it is assumed that rule daily-limit-with-earlier-claims does not hold
      And it asks nothing

    Scenario: The units of an earlier claim are not known
      Given these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | KX        |       |
      When the claim is decided
      Then it is approved
      And it is assumed that rule daily-limit-with-earlier-claims does not hold
