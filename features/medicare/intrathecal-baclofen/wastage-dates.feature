Feature: Medicare's wastage rules go by the date of service
  JW has been required since 2017-01-01. JZ may be used from 2023-01-01 and is required from
  2023-07-01. Until 2023-09-30 an omission was open to audit; from 2023-10-01 the claim comes back.
  The first day of each rule belongs to it. The day on which a claim was received has no part in it.

  Rule: JZ may be used from 2023-01-01

    Scenario Outline: JZ on a line before there was such a modifier
      Given the example clean-refill of Medicare for J0945 on <date>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |
      And it says "JZ is billed for <date>; it may be used from 2023-01-01"

      Examples:
        | case                    | date       |
        | long before             | 2016-12-31 |
        | when JW became required | 2017-01-01 |
        | the last day before     | 2022-12-31 |

    Scenario Outline: JZ on a line since there is such a modifier
      Given the example clean-refill of Medicare for J0945 on <date>
      When the claim is decided
      Then it is approved

      Examples:
        | case                         | date       |
        | the first day                | 2023-01-01 |
        | the last day of the option   | 2023-06-30 |
        | the first day of the duty    | 2023-07-01 |
        | the last day of audits alone | 2023-09-30 |
        | the first day of returns     | 2023-10-01 |
        | a leap day                   | 2024-02-29 |

    Scenario: JZ before its day, and received when it existed
      Given the example clean-refill of Medicare for J0945 on 2022-12-31
      And the claim has received 2023-02-15
      When the claim is decided
      Then it is denied
      And the reason is CO 182 with N823 from rule jz-before-it-existed

    Scenario: JZ before its day in a setting that never asks for it
      Given the example clean-refill of Medicare for J0945 on 2022-12-31
      But the claim has place of service 72
      When the claim is decided
      Then it is denied
      And the reason is CO 182 with N823 from rule jz-before-it-existed

    Scenario: Other modifiers, or none, before JZ existed
      Given the example refill-with-waste of Medicare for J0945 on 2022-12-31
      But line 1 carries KX TB
      When the claim is decided
      Then it is approved
      And rule jz-before-it-existed does not hold

    Scenario Outline: Before JZ existed, JZ beside JW has one error: JZ did not exist
      Given the example refill-with-waste of Medicare for J0945 on 2022-12-31
      But line 1 carries JZ
      And line 2 carries <second>
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1 2  |

      Examples:
        | case                            | second | opened |
        | one container                   | JW     | 1      |
        | two containers                  | JW     | 2      |
        | one container, both on one line | JW JZ  | 1      |

    Scenario: Before JZ existed, JZ against the record has one error: JZ did not exist
      Given the example clean-refill of Medicare for J0945 on 2022-12-31
      But the drug lines have units 3
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |

  Rule: JZ is required from 2023-07-01, and claims without it come back from 2023-10-01

    Scenario Outline: No modifier before JZ was required
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines carry no JZ
      And it is known that the amount discarded is 0 mg
      When the claim is decided
      Then it is approved

      Examples:
        | case                       | date       |
        | before any rule            | 2016-12-31 |
        | the first day of JW        | 2017-01-01 |
        | the last day without JZ    | 2022-12-31 |
        | the first day with JZ      | 2023-01-01 |
        | the last day of the option | 2023-06-30 |

    Scenario Outline: No modifier while omissions were open to audit
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And it advises by rule jz-missing-audited
      And rule omission-denied-before-edits does not hold

      Examples:
        | case                         | date       |
        | the first day of the duty    | 2023-07-01 |
        | in between                   | 2023-08-15 |
        | the last day of audits alone | 2023-09-30 |

    Scenario Outline: While omissions were open to audit, what is in order is not noted
      Given the example clean-refill of Medicare for J0945 on 2023-07-01
      But the claim has place of service <place>
      And these claim lines
        | modifiers   | units |
        | <modifiers> | 4     |
      When the claim is decided
      Then it is approved
      And rule jz-missing-audited does not hold

      Examples:
        | case                    | place | modifiers |
        | an office, with JZ      | 11    | JZ        |
        | a rural clinic, without | 72    |           |

    Scenario: While omissions were open to audit, a JW line needs no JZ beside it
      Given the example refill-with-waste of Medicare for J0945 on 2023-07-01
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And rule jz-missing-audited does not hold
      And rule waste-without-jw-audited does not hold

    Scenario: While omissions were open to audit, an unknown place is no reason to wait
      Given the example clean-refill of Medicare for J0945 on 2023-07-01
      But the claim has no place of service
      And the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And rule jz-missing-audited is not known
      And there is no reason from rule jz-missing-audited

    Scenario Outline: No modifier since claims come back
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines carry no JZ
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case          | date       |
        | the first day | 2023-10-01 |
        | a year later  | 2024-10-01 |
        | later still   | 2026-08-01 |

    Scenario: Given on the last day of audits alone, and received when claims came back
      Given the example clean-refill of Medicare for J0945 on 2023-09-30
      And the claim has received 2023-12-01
      And the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And it advises by rule jz-missing-audited

  Rule: Discarded units are billed with JW from 2017-01-01, and claims without it come back from 2023-10-01

    Scenario: Before 2017 nothing is required of discarded drug
      Given the example clean-refill of Medicare for J0945 on 2016-12-31
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved

    Scenario Outline: Discarded units with JW are paid on every date
      Given the example refill-with-waste of Medicare for J0945 on <date>
      And it is known that the dose administered is 30 mg
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And 1 unit is allowed on line 2

      Examples:
        | case                        | date       |
        | at the contractor's choice  | 2016-12-31 |
        | the first day of the duty   | 2017-01-01 |
        | the last day before JZ      | 2022-12-31 |
        | the first day with JZ       | 2023-01-01 |
        | the first day of JZ as duty | 2023-07-01 |
        | the first day of returns    | 2023-10-01 |

    Scenario Outline: A discarded unit on no line while omissions were open to audit
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And it advises by rule waste-without-jw-audited
      And it says "10 mg (10000 mcg) were discarded, which makes 1 billing unit, and no JW line bills them"

      Examples:
        | case                         | date       |
        | the first day of the duty    | 2017-01-01 |
        | the last day before JZ       | 2022-12-31 |
        | the last day before JZ duty  | 2023-06-30 |
        | the first day of JZ as duty  | 2023-07-01 |
        | the last day of audits alone | 2023-09-30 |

    Scenario Outline: While omissions were open to audit, what is in order is not noted as waste
      Given the example clean-refill of Medicare for J0945 on 2017-01-01
      But the claim has place of service <place>
      And the drug lines carry no JZ
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is approved
      And rule waste-without-jw-audited does not hold

      Examples:
        | case                      | place | waste    |
        | nothing was discarded     | 11    | 0 mg     |
        | less than a unit          | 11    | 9.999 mg |
        | a unit, in a rural clinic | 72    | 10 mg    |

    Scenario: While omissions were open to audit, an unknown discarded amount is left alone
      Given the example clean-refill of Medicare for J0945 on 2017-01-01
      But the drug lines have units 3
      And the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And rule waste-without-jw-audited is not known
      And there is no reason from rule waste-without-jw-audited

    Scenario: A discarded unit on no line from the first day of returns
      Given the example clean-refill of Medicare for J0945 on 2023-10-01
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | jz-missing       | CO    | 16   | N822 MA130 | 1    |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |

  Rule: What contradicts itself is refused from the day on which JZ may be used

    Scenario: JW and JZ on one line on the first day
      Given the example refill-with-waste of Medicare for J0945 on 2023-01-01
      But line 2 carries JW JZ
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 1 2  |

    Scenario: JZ beside JW for one container on the first day
      Given the example refill-with-waste of Medicare for J0945 on 2023-01-01
      But line 1 carries JZ
      And it is known that the number of containers opened is 1
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-beside-jw | CO    | 4    | N519 | 1 2  |

    Scenario: JZ beside JW for several containers on the first day
      Given the example clean-refill of Medicare for J0945 on 2023-01-01
      But these claim lines
        | modifiers | units |
        | JZ        | 4     |
        |           | 3     |
        | JW        | 1     |
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                            |
        | jz-beside-jw-several-containers |

    Scenario Outline: JZ although a unit was discarded, while JZ was an option and later
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines have units 3
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-but-waste | CO    | 4    | N823 | 1    |

      Examples:
        | case                         | date       |
        | the first day with JZ        | 2023-01-01 |
        | the last day of audits alone | 2023-09-30 |
        | the first day of returns     | 2023-10-01 |

  Rule: From 2023-10-01 the whole container must be accounted for

    Scenario: A unit of the container is on no line, on the last day of audits alone
      Given the example clean-refill of Medicare for J0945 on 2023-09-30
      But the drug lines have units 3
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is approved

    Scenario: A unit of the container is on no line, on the first day of returns
      Given the example clean-refill of Medicare for J0945 on 2023-10-01
      But the drug lines have units 3
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-below-containers | CO    | 16   | N822 | 1    |

  Rule: A claim with several days is judged day by day

    Scenario: One claim with the last day of audits alone and the first day of returns
      Given the example refill-with-procedure of Medicare for J0945 on 2023-10-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        |           | 4     | 2023-09-30 | refill        |
        |           | 4     | 2023-10-01 | refill        |
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 2    |
      And it advises by rule jz-missing-audited

    Scenario: One claim with the last day without JZ and the first day with it
      Given the example refill-with-procedure of Medicare for J0945 on 2023-01-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 4     | 2022-12-31 | refill        |
        | JZ        | 4     | 2023-01-01 | refill        |
      When the claim is decided
      Then line 1 is denied
      And line 2 is approved
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |

    Scenario: The first day on which JZ was a duty says nothing of the day before
      The earlier day lacks JZ, the later day has it; nothing is noted.

      Given the example refill-with-procedure of Medicare for J0945 on 2023-07-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        |           | 4     | 2023-06-30 | refill        |
        | JZ        | 4     | 2023-07-01 | refill        |
      When the claim is decided
      Then it is approved
      And there is no reason from rule jz-missing-audited

    Scenario: The last day of audits alone says nothing of the day after
      The earlier day has JZ; the later day lacks it, is refused, and is not noted for audit as well.

      Given the example refill-with-procedure of Medicare for J0945 on 2023-10-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        | JZ        | 4     | 2023-09-30 | refill        |
        |           | 4     | 2023-10-01 | refill        |
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And there is no reason from rule jz-missing-audited

    Scenario: The first day of JW says nothing of the day before
      The earlier day leaves a unit off its lines, the later day bills it; nothing is noted.

      Given the example refill-with-procedure of Medicare for J0945 on 2017-01-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase | dose.discarded |
        |           | 3     | 2016-12-31 | refill        | 10 mg          |
        |           | 3     | 2017-01-01 | refill        | 10 mg          |
        | JW        | 1     | 2017-01-01 | refill        |                |
      When the claim is decided
      Then it is approved
      And there is no reason from rule waste-without-jw-audited

    Scenario: The last day of audits alone says nothing of JW on the day after
      The earlier day bills the discarded unit; the later day does not, is refused, and is not noted.

      Given the example refill-with-procedure of Medicare for J0945 on 2023-10-01
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase | dose.discarded |
        |           | 3     | 2023-09-30 | refill        | 10 mg          |
        | JW        | 1     | 2023-09-30 | refill        |                |
        |           | 3     | 2023-10-01 | refill        | 10 mg          |
      When the claim is decided
      Then line 1 is approved
      And line 2 is approved
      And line 3 is denied
      And there is no reason from rule waste-without-jw-audited

    Scenario: A line that runs over a change of the rules is for a person to look at
      Given the example clean-refill of Medicare for J0945 on 2023-06-30
      But these claim lines
        | modifiers | units | through    |
        |           | 4     | 2023-07-01 |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                   | line |
        | line-over-several-days | 1    |
      And it says "Bill one line for each day of service"

    Scenario: A line that begins and ends on one day does not run over days
      Given the example clean-refill of Medicare for J0945 on 2023-06-30
      But these claim lines
        | modifiers | units | through    |
        |           | 4     | 2023-06-30 |
      When the claim is decided
      Then it is approved

  Rule: What became of the rest of a container is asked from 2017-01-01, with JZ from its first day

    Scenario Outline: Discarded units that leave a rest, since JW is required
      Given the example refill-with-waste of Medicare for J0945 on <date>
      But line 1 has units 2
      And the drug lines have ndc 66794-157-02
      When the claim is decided
      Then it is pended
      And the reason is CO 16 with N822 from rule discarded-units-leave-a-rest

      Examples:
        | case                  | date       |
        | the first day         | 2017-01-01 |
        | before there was a JZ | 2022-12-31 |
        | later                 | 2025-03-03 |

    Scenario: Before JW was required, nothing is asked about the rest
      Given the example refill-with-waste of Medicare for J0945 on 2016-12-31
      But line 1 has units 2
      And the drug lines have ndc 66794-157-02
      When the claim is decided
      Then it is approved

    Scenario Outline: JZ on a part of a container
      Given the example clean-refill of Medicare for J0945 on <date>
      But the drug lines have units 3
      And the drug lines have ndc 66794-157-02
      When the claim is decided
      Then it is <outcome>
      And the reasons are
        | rule   | group | carc   | rarc | line |
        | <rule> | CO    | <carc> | N823 | 1    |

      Examples:
        | date       | outcome | rule                      | carc |
        | 2022-12-31 | denied  | jz-before-it-existed      | 182  |
        | 2023-01-01 | pended  | jz-on-part-of-a-container | 4    |
        | 2023-10-01 | pended  | jz-on-part-of-a-container | 4    |

    Scenario Outline: JZ below the NDC quantity
      Given the example clean-refill of Medicare for J0945 on <date>
      But these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        | JZ        | 4     | 66794-157-02 | 40           | ML       |
      When the claim is decided
      Then it is <outcome>
      And the reasons are
        | rule   | group | carc   | rarc | line |
        | <rule> | CO    | <carc> | N823 | 1    |

      Examples:
        | date       | outcome | rule                  | carc |
        | 2022-12-31 | denied  | jz-before-it-existed  | 182  |
        | 2023-01-01 | pended  | jz-below-ndc-quantity | 4    |
