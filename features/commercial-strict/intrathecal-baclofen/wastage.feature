Feature: Commercial Strict requires JZ from 2024-01-01, and refused missing JW sooner than others
  This payer (synthetic) follows Medicare's wastage rules with two differences. It asks for JZ only
  from 2024-01-01. And in the months from 2023-07-01 to 2023-09-30, when Medicare only audited, it
  already refused a claim that left discarded units off its lines.

  Rule: JZ is required from 2024-01-01
    The samples are emergencies that were reported to the payer on the same day, so that no
    authorization prevents it.

    Scenario Outline: No modifier, and nothing discarded, before JZ was required
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But the drug lines carry no JZ
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is approved
      And policy.requires_jz is concluded to be no

      Examples:
        | case                                 | date       | waste    |
        | before there was JZ                  | 2022-12-31 | 0 mg     |
        | when JZ became usable                | 2023-01-01 | 0 mg     |
        | when Medicare began to require it    | 2023-07-01 | 0 mg     |
        | the same, with less than a unit left | 2023-07-01 | 9.999 mg |
        | the last day of Medicare's audits    | 2023-09-30 | 0 mg     |
        | when Medicare began to return claims | 2023-10-01 | 0 mg     |
        | the last day without the duty        | 2023-12-31 | 0 mg     |
        | the same, with less than a unit left | 2023-12-31 | 4 mg     |

    Scenario Outline: No modifier, and nothing discarded, since JZ is required
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But the drug lines carry no JZ
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is denied
      And policy.requires_jz is concluded to be yes
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                                 | date       | waste |
        | the first day of the duty            | 2024-01-01 | 0 mg  |
        | the same, with less than a unit left | 2024-01-01 | 4 mg  |
        | a year later                         | 2025-03-03 | 0 mg  |

    Scenario Outline: JZ is accepted from its first day, whether required or not
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 0 mg
      When the claim is decided
      Then it is approved

      Examples:
        | case                          | date       |
        | the first day with JZ         | 2023-01-01 |
        | the last day without the duty | 2023-12-31 |
        | the first day of the duty     | 2024-01-01 |

    Scenario: JZ before there was such a modifier
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2022-12-31
      But it is known that authorization.notified_on is 2022-12-31
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |

    Scenario: One claim with the last day without the duty and the first day with it
      Given a claim to Commercial Strict for J0945 on 2024-01-01
      And the claim has place of service 11
      And the diagnoses G82.51
      And these claim lines
        | modifiers | units | ndc          | date       | therapy.phase | authorization.emergency | authorization.notified_on |
        |           | 4     | 66794-157-02 | 2023-12-31 | refill        | yes                     | 2023-12-31                |
        |           | 4     | 66794-157-02 | 2024-01-01 | refill        | yes                     | 2023-12-31                |
      And no authorization is on file
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 2    |

  Rule: From 2023-07-01 a discarded unit that is on no line is refused
    The samples are emergencies, as above.

    Scenario Outline: A discarded unit on no line, while it was open to audit
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And it advises by rule waste-without-jw-audited

      Examples:
        | case                         | date       |
        | the first day of JW          | 2017-01-01 |
        | the last day of audits alone | 2023-06-30 |

    Scenario Outline: A discarded unit on no line, while Medicare only audited
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | omission-denied-before-edits | CO    | 16   | N822 | 1    |
      And it advises by rule waste-without-jw-audited

      Examples:
        | case                | date       |
        | the first day of it | 2023-07-01 |
        | in between          | 2023-08-15 |
        | the last day of it  | 2023-09-30 |

    Scenario Outline: While Medicare only audited, what is in order is approved
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2023-08-15
      But the claim has place of service <place>
      And the drug lines carry no JZ
      And it is known that authorization.notified_on is 2023-08-15
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is approved
      And rule omission-denied-before-edits does not hold
      And rule jz-missing-audited does not hold

      Examples:
        | case                      | place | waste    |
        | nothing was discarded     | 11    | 0 mg     |
        | a microgram below a unit  | 11    | 9.999 mg |
        | a unit, in a rural clinic | 72    | 10 mg    |

    Scenario: While Medicare only audited, the discarded unit is on a line of its own
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2023-08-15
      But these claim lines
        | modifiers | units | ndc          |
        |           | 3     | 66794-157-02 |
        | JW        | 1     | 66794-157-02 |
      And it is known that authorization.notified_on is 2023-08-15
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And rule omission-denied-before-edits does not hold

    Scenario: While Medicare only audited, this payer asks what was discarded
      It refuses for it, so it cannot leave it open.

      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2023-08-15
      But the drug lines carry no JZ
      And it is known that authorization.notified_on is 2023-08-15
      When the claim is decided
      Then it is pended
      And rule omission-denied-before-edits is not known
      And it first asks for the amount discarded
      And the information request is CO 252 with N706

    Scenario: While Medicare only audited, JZ against the record is refused twice
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2023-08-15
      But the drug lines have units 3
      And it is known that authorization.notified_on is 2023-08-15
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | omission-denied-before-edits | CO    | 16   | N822 | 1    |
        | jz-but-waste                 | CO    | 4    | N823 | 1    |
        | jz-on-part-of-a-container    | CO    | 4    | N823 | 1    |

    Scenario Outline: A discarded unit on no line, since claims come back but JZ was not yet required
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on <date>
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                             | date       |
        | the first day of returns         | 2023-10-01 |
        | the last day before JZ as a duty | 2023-12-31 |

    Scenario: A discarded unit on no line, since both are required
      Given the example emergency-refill-with-ndc of Commercial Strict for J0945 on 2024-01-01
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that authorization.notified_on is 2024-01-01
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | jz-missing       | CO    | 16   | N822 MA130 | 1    |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |

  Rule: Today's claims are judged as Medicare judges them

    Background: An authorized refill in a physician's office (a synthetic claim)
      Given the example authorized-refill of Commercial Strict for J0945
      And the claim has authorization number A1
      And the claim has no birth date
      And the authorization has number A1
      And the authorization has valid through 2025-06-30

    Scenario Outline: One line with JZ where no whole unit was discarded
      Given the drug lines have units <units>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1

      Examples:
        | case                 | dose  | waste | label | units |
        | one vial, all of it  | 40 mg | 0 mg  | 40 mg | 4     |
        | one vial, 4 mg left  | 36 mg | 4 mg  | 40 mg | 4     |
        | one vial, 9 mg left  | 31 mg | 9 mg  | 40 mg | 4     |
        | two vials, 8 mg left | 72 mg | 8 mg  | 80 mg | 8     |

    Scenario Outline: Two lines where whole units were discarded
      Given these claim lines
        | modifiers | units       | ndc          |
        |           | <given>     | 66794-157-02 |
        | JW        | <discarded> | 66794-157-02 |
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <discarded> units are allowed on line 2

      Examples:
        | case                  | dose  | waste | label | given | discarded |
        | one vial, 10 mg left  | 30 mg | 10 mg | 40 mg | 3     | 1         |
        | one vial, 29 mg left  | 11 mg | 29 mg | 40 mg | 2     | 2         |
        | two vials, 10 mg left | 70 mg | 10 mg | 80 mg | 7     | 1         |

    Scenario: The second vial was opened although the first would have done
      Given these claim lines
        | modifiers | units | ndc          |
        |           | 4     | 66794-157-02 |
        | JW        | 4     | 66794-157-02 |
      And it is known that the dose administered is 40 mg
      And it is known that the amount discarded is 40 mg
      And it is known that the labeled total of the opened containers is 80 mg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                 | line |
        | container-not-needed | 1 2  |

    Scenario: JZ beside JW, and the NDC shows that there was one container
      Given these claim lines
        | modifiers | units | ndc          |
        | JZ        | 3     | 66794-157-02 |
        | JW        | 1     | 66794-157-02 |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-beside-jw | CO    | 4    | N519 | 1 2  |

    Scenario: JW and JZ on one line
      Given these claim lines
        | modifiers | units | ndc          |
        |           | 3     | 66794-157-02 |
        | jz jw     | 1     | 66794-157-02 |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 1 2  |

    Scenario: 59 does not replace JZ
      Given the drug lines carry 59
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario: JZ on the procedure line does not speak for the drug
      Given these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 |           | 4     | 66794-157-02 |
        | 62369 | JZ        | 1     |              |
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N822 and MA130 from rule jz-missing

    Scenario: An implant in an outpatient hospital does not package the drug for this payer
      Given the claim has place of service 22
      And these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 |           | 4     | 66794-157-02 |
        | 62350 |           | 1     |              |
      And it is known that the phase of therapy is catheter revision
      When the claim is decided
      Then it is denied
      And wastage.packaged is concluded to be no
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario Outline: Neither modifier is asked for in a clinic with a payment for the visit
      Given the claim has place of service <place>
      And the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And rule jz-missing does not hold

      Examples:
        | case                              | place |
        | rural health clinic               | 72    |
        | federally qualified health center | 50    |

    Scenario: Discarded units count toward the limit of a day
      Given these claim lines
        | modifiers | units | ndc          |
        |           | 7     | 66794-155-02 |
        | JW        | 2     | 66794-155-02 |
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1 2  |

    Scenario: The record is not asked for, and its absence is written down
      When the claim is decided
      Then it is approved
      And it asks nothing
      And it is assumed that rule jz-but-waste does not hold
      And it is assumed that rule waste-without-jw does not hold

  Rule: Before 2024 an implant does not package the drug for this payer either

    Scenario Outline: An implant in an outpatient hospital: <day>
      Given a claim to Commercial Strict for J0945 on <day>
      And the claim has place of service 22
      And these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 | JZ        | 4     | 66794-157-02 |
        | 62350 |           | 1     |              |
      When the claim is decided
      Then wastage.packaged is concluded to be no

      Examples:
        | day        |
        | 2023-03-01 |
        | 2023-12-31 |
