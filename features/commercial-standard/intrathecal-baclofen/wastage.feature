Feature: Commercial Standard pays for discarded drug as Medicare does, and never requires JZ
  This payer (synthetic) wants JW for every whole discarded unit. It accepts JZ and does not require
  it: what Medicare refuses for a missing JZ it approves, and gives no other reason in its place.
  What a JZ says, it takes at its word: JZ against the record, or beside JW, is refused.

  Rule: A missing JZ never counts against a claim
    The samples are emergencies that were reported to the payer on the same day, so that no
    authorization prevents it.

    Scenario Outline: No modifier, and nothing discarded
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines have no ndc
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is approved
      And no rule denies it
      And policy.requires_jz is concluded to be no
      And 4 units are allowed on line 1

      Examples:
        | case                                 | date       | waste    |
        | before JW                            | 2016-12-31 | 0 mg     |
        | the last day without JZ              | 2022-12-31 | 0 mg     |
        | the first day with JZ                | 2023-01-01 | 0 mg     |
        | when Medicare began to require JZ    | 2023-07-01 | 0 mg     |
        | the last day of Medicare's audits    | 2023-09-30 | 4 mg     |
        | when Medicare began to return claims | 2023-10-01 | 0 mg     |
        | when Commercial Strict began         | 2024-01-01 | 4 mg     |
        | a microgram below a unit             | 2025-03-03 | 9.999 mg |
        | later                                | 2026-08-01 | 0 mg     |

    Scenario Outline: Medicare's notes on a missing JZ are not repeated
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines have no ndc
      And it is known that authorization.notified_on is <date>
      When the claim is decided
      Then it is approved
      And rule jz-missing-audited does not hold
      And rule omission-denied-before-edits does not hold

      Examples:
        | case                       | date       |
        | the first day of the audit | 2023-07-01 |
        | the last day of the audit  | 2023-09-30 |

    Scenario Outline: JZ is accepted from its first day
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines carry JZ
      And the drug lines have no ndc
      And it is known that authorization.notified_on is <date>
      When the claim is decided
      Then it is approved
      And there is no reason from rule discard-modifier-needless

      Examples:
        | case                          | date       |
        | the first day                 | 2023-01-01 |
        | when Medicare began to return | 2023-10-01 |
        | later                         | 2025-03-03 |

    Scenario: JZ before there was such a modifier
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on 2022-12-31
      But the drug lines carry JZ
      And the drug lines have no ndc
      And it is known that authorization.notified_on is 2022-12-31
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |

    Scenario Outline: A discarded unit on no line, by its date
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines have units 3
      And the drug lines have no ndc
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is <decision>

      Examples:
        | case                         | date       | decision |
        | before JW                    | 2016-12-31 | approved |
        | the first day of JW          | 2017-01-01 | approved |
        | the last day of audits alone | 2023-09-30 | approved |
        | the first day of returns     | 2023-10-01 | denied   |
        | later                        | 2025-03-03 | denied   |

    Scenario Outline: A discarded unit on no line is noted while it was open to audit
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines have units 3
      And the drug lines have no ndc
      And it is known that authorization.notified_on is <date>
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And it advises by rule waste-without-jw-audited

      Examples:
        | case                         | date       |
        | the first day of JW          | 2017-01-01 |
        | when Medicare began with JZ  | 2023-07-01 |
        | the last day of audits alone | 2023-09-30 |

  Rule: Discarded units are billed with JW, and nothing is said of JZ

    Background: An authorized refill in a physician's office (a synthetic claim)
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      And the claim has authorization number A1
      And the claim has place of service 11
      And the claim has no birth date
      And the authorization has number A1

    Scenario Outline: Without a whole discarded unit there is one line, with JZ or without
      Given these claim lines
        | modifiers   | units   |
        | <modifiers> | <units> |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1
      And rule jz-missing does not hold
      And rule jz-but-waste does not hold
      And rule waste-without-jw does not hold

      Examples:
        | case                               | modifiers | dose  | waste | label | units |
        | one vial, all of it, without       |           | 40 mg | 0 mg  | 40 mg | 4     |
        | one vial, all of it, with          | JZ        | 40 mg | 0 mg  | 40 mg | 4     |
        | one vial, 4 mg left, without       |           | 36 mg | 4 mg  | 40 mg | 4     |
        | one vial, 4 mg left, with          | JZ        | 36 mg | 4 mg  | 40 mg | 4     |
        | two vials, 8 mg left, without      |           | 72 mg | 8 mg  | 80 mg | 8     |
        | a small ampule, 1 mg left, without |           | 9 mg  | 1 mg  | 10 mg | 1     |

    Scenario Outline: Whole discarded units are billed beside what was given
      Given these claim lines
        | modifiers | units       |
        |           | <given>     |
        | JW        | <discarded> |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <given> units are allowed on line 1
      And <discarded> units are allowed on line 2

      Examples:
        | case                  | dose  | waste | label | given | discarded |
        | one vial, 10 mg left  | 30 mg | 10 mg | 40 mg | 3     | 1         |
        | one vial, 12 mg left  | 28 mg | 12 mg | 40 mg | 3     | 1         |
        | one vial, 20 mg left  | 20 mg | 20 mg | 40 mg | 2     | 2         |
        | one vial, 29 mg left  | 11 mg | 29 mg | 40 mg | 2     | 2         |
        | two vials, 10 mg left | 70 mg | 10 mg | 80 mg | 7     | 1         |

    Scenario: A discarded unit is on no line, and that is the only reason
      Medicare would give a second one for the missing JZ.

      Given these claim lines
        | modifiers | units |
        |           | 3     |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is 30 mg
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |
      And there is no reason from rule jz-missing

    Scenario: JZ, although a unit was discarded
      Given these claim lines
        | modifiers | units |
        | JZ        | 3     |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is 30 mg
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-but-waste | CO    | 4    | N823 | 1    |

    Scenario: Less than a unit is billed with JW
      Given these claim lines
        | modifiers | units |
        |           | 4     |
        | JW        | 1     |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is 36 mg
      And it is known that the amount discarded is 4 mg
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And the reasons are
        | rule              | group | carc | rarc | line |
        | jw-below-one-unit | CO    | 4    | N823 | 2    |

    Scenario: More is billed with JW than the record shows
      Given these claim lines
        | modifiers | units |
        |           | 3     |
        | JW        | 2     |
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is 28 mg
      And it is known that the amount discarded is 12 mg
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule            | group | carc | rarc | line |
        | jw-above-record | CO    | 151  | N362 | 2    |

    Scenario: Only discarded drug is billed
      Given these claim lines
        | modifiers | units |
        | JW        | 1     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | jw-without-administered | CO    | 107  | N161 | 1    |

    Scenario: JW and JZ on one line
      Given these claim lines
        | modifiers | units |
        |           | 3     |
        | JZ JW     | 1     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 1 2  |

    Scenario: JZ beside JW for one container
      Given these claim lines
        | modifiers | units |
        | JZ        | 3     |
        | JW        | 1     |
      And it is known that the phase of therapy is refill
      And it is known that the number of containers opened is 1
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-beside-jw | CO    | 4    | N519 | 1 2  |

    Scenario: A unit of the opened container is on no line
      Given these claim lines
        | modifiers | units |
        |           | 3     |
      And it is known that the phase of therapy is refill
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-below-containers | CO    | 16   | N822 | 1    |

    Scenario: 59 on the drug is noted, and JZ is not missed
      Given these claim lines
        | modifiers | units |
        | 59        | 4     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And it advises by rule distinct-service-modifier
      And rule jz-missing does not hold

    Scenario: A claim says nothing of what was discarded, and that is written down
      Given these claim lines
        | modifiers | units |
        |           | 4     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And it asks nothing
      And it is assumed that rule waste-without-jw does not hold
      And it is assumed that rule administered-above-dose does not hold
      And it is assumed that rule billed-below-containers does not hold

    Scenario Outline: Where the drug was given is not asked for the sake of JZ
      Given the claim says
        | field            | value   |
        | place of service | <place> |
      And these claim lines
        | modifiers | units |
        |           | 4     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And it asks nothing

      Examples:
        | case                  | place |
        | at home               | 12    |
        | no place on the claim |       |

    Scenario: An implant in an outpatient hospital does not package the drug for this payer
      Given the claim has place of service 22
      And these claim lines
        | code  | modifiers | units |
        | J0945 |           | 3     |
        | 62350 |           | 1     |
      And it is known that therapy.phase is catheter revision
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And wastage.packaged is concluded to be no
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |

    Scenario Outline: Where the drug is in another payment, discarded units need no JW
      Given the claim has place of service <place>
      And these claim lines
        | modifiers | units |
        |           | 3     |
      And it is known that the phase of therapy is refill
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And rule waste-without-jw does not hold

      Examples:
        | case                              | place |
        | rural health clinic               | 72    |
        | federally qualified health center | 50    |
        | dialysis facility                 | 65    |

    Scenario: Discarded units count toward the limit of a day
      Given these claim lines
        | modifiers | units |
        |           | 7     |
        | JW        | 2     |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1 2  |

    Scenario: Two visits on one claim, one with a discarded unit on no line
      Given these claim lines
        | modifiers | units | date       | therapy.phase | dose.discarded |
        |           | 3     | 2025-03-03 | refill        | 10 mg          |
        | JW        | 1     | 2025-03-03 | refill        |                |
        | JZ        | 3     | 2025-06-03 | refill        | 10 mg          |
      When the claim is decided
      Then line 1 is approved
      And line 2 is approved
      And line 3 is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-but-waste | CO    | 4    | N823 | 3    |

  Rule: What became of the rest of a container is asked where JZ or JW mentions it
    A payer that does not require JZ pays what is billed without it, and notes the rest.

    Scenario Outline: Units that are not whole containers of their NDC: <case>
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But these claim lines
        | modifiers   | units | ndc          |
        | <modifiers> | 3     | 66794-157-02 |
      And it is known that authorization.notified_on is <date>
      When the claim is decided
      Then it is <outcome>
      And rule jz-on-part-of-a-container <jz>
      And rule rest-of-a-container-not-billed <bare>

      Examples:
        | case         | date       | modifiers | outcome  | jz            | bare          |
        | with JZ      | 2025-03-03 | JZ        | pended   | holds         | does not hold |
        | with neither | 2025-03-03 |           | approved | does not hold | holds         |
        | in 2023      | 2023-01-01 |           | approved | does not hold | holds         |

    Scenario Outline: The rest is noted on every date of service: <date>
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the drug lines have units 3
      And it is known that authorization.notified_on is <date>
      When the claim is decided
      Then it is approved
      And it advises by rule rest-of-a-container-not-billed

      Examples:
        | date       |
        | 2016-12-31 |
        | 2025-03-03 |

    Scenario: Whole containers without a modifier leave nothing to note
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945
      When the claim is decided
      Then it is approved
      And rule rest-of-a-container-not-billed does not hold

    Scenario: A JW line that leaves a rest is asked about
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945
      But these claim lines
        | modifiers | units | ndc          |
        |           | 2     | 66794-157-02 |
        | JW        | 1     | 66794-157-02 |
      When the claim is decided
      Then it is pended
      And the reason is CO 16 with N822 from rule discarded-units-leave-a-rest
      And rule rest-of-a-container-not-billed does not hold

    Scenario Outline: The rest is not noted: <case>
      Given the example emergency-refill-with-ndc of Commercial Standard for J0945 on <date>
      But the claim has place of service <place>
      And the drug lines have units 3
      And it is known that authorization.notified_on is <date>
      When the claim is decided
      Then it is approved
      And there is no reason from rule rest-of-a-container-not-billed

      Examples:
        | case                        | date       | place |
        | where it is not paid itself | 2025-03-03 | 50    |
