Feature: Commercial Standard: the authorization on file must fit the claim

  An approved authorization fits when it is this member's, of this payer and plan, for this code and this
  provider, valid on the day of service (first and last day included), asked for no later than on that
  day, and for refills not older than 12 months. Each misfit has a reason of its own.

  Rule: One authorization on file, which fits but for one thing

    Background:
      Given the example refill-with-authorization-facts of Commercial Standard for J0945

    Scenario: It fits in every way
      When the claim is decided
      Then it is approved
      And authorization.matches is concluded to be yes
      And 4 units are allowed on line 1

    Scenario: It is another member's
      Given it is known that the member of the authorization is M2
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                             | group | carc | rarc | line |
        | authorization-for-another-member | CO    | 197  |      | 1    |
      And it says "Authorization A-100 is for another member than M1."
      And authorization.matches is concluded to be no

    Scenario Outline: It is of another payer or of another plan - <which>
      Given it is known that the payer that gave the authorization is <payer>
      And it is known that the plan of the authorization is <plan>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc | line |
        | authorization-of-another-plan | CO    | 197  |      | 1    |
      And authorization.matches is concluded to be no

      Examples:
        | which                  | payer               | plan |
        | another plan           | commercial-standard | P2   |
        | another payer          | commercial-strict   | P1   |
        | another payer and plan | commercial-strict   | P2   |

    Scenario Outline: It is for other codes - <codes>
      Given it is known that authorization.codes is <codes>
      When the claim is decided
      Then it is <decision>
      And rule authorization-for-another-service <so>
      And authorization.matches is concluded to be <matches>

      Examples:
        | codes        | decision | so            | matches |
        | J0945        | approved | does not hold | yes     |
        | J0475, J0945 | approved | does not hold | yes     |
        | J0475        | denied   | holds         | no      |
        | 62362, E0783 | denied   | holds         | no      |
        | none         | denied   | holds         | no      |

    Scenario: The reason names the codes that were authorized
      Given it is known that authorization.codes is J0475
      When the claim is decided
      Then the reasons are
        | rule                              | group | carc | rarc | line |
        | authorization-for-another-service | CO    | 284  | N54  | 1    |
      And it says "Authorization A-100 is for J0475, not for J0945."

    Scenario Outline: It names the billing or the rendering provider, or neither - <provider>
      Given the claim says
        | field         | value       |
        | billing npi   | <billing>   |
        | rendering npi | <rendering> |
      When the claim is decided
      Then it is <decision>
      And rule authorization-for-another-provider <so>
      And authorization.matches is concluded to be <matches>

      Examples:
        | provider                                        | billing    | rendering  | decision | so            | matches |
        | the billing provider, and no other is named     | 1234567893 |            | approved | does not hold | yes     |
        | the billing provider, and another one renders   | 1234567893 | 9876543210 | approved | does not hold | yes     |
        | the rendering provider                          | 9876543210 | 1234567893 | approved | does not hold | yes     |
        | neither of the two                              | 9876543210 | 9876543211 | denied   | holds         | no      |
        | not the billing provider, and no other is named | 9876543210 |            | denied   | holds         | no      |

    Scenario: It is another provider's
      Given it is known that the provider of the authorization is 9876543210
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                               | group | carc | rarc | line |
        | authorization-for-another-provider | CO    | 296  | N54  | 1    |
      And it says "who neither bills nor renders this service"

    Scenario Outline: Both ends of the authorization are included - <the service is>
      Given it is known that the first day of the authorization is <first day>
      And it is known that the last day of the authorization is <last day>
      When the claim is decided
      Then it is <decision>
      And rule authorization-not-begun <not begun>
      And rule authorization-expired <expired>
      And authorization.matches is concluded to be <matches>

      Examples:
        | the service is             | first day  | last day   | decision | not begun     | expired       | matches |
        | a day before the first day | 2025-03-04 | 2025-12-31 | denied   | holds         | does not hold | no      |
        | on the first day           | 2025-03-03 | 2025-12-31 | approved | does not hold | does not hold | yes     |
        | on the only day            | 2025-03-03 | 2025-03-03 | approved | does not hold | does not hold | yes     |
        | on the last day            | 2025-01-01 | 2025-03-03 | approved | does not hold | does not hold | yes     |
        | a day after the last day   | 2025-01-01 | 2025-03-02 | denied   | does not hold | holds         | no      |

    Scenario: The reason for an expired authorization
      Given it is known that the last day of the authorization is 2025-03-02
      When the claim is decided
      Then the reasons are
        | rule                  | group | carc | rarc | line |
        | authorization-expired | CO    | 302  | N351 | 1    |
      And it says "Authorization A-100 ended on 2025-03-02, before the service on 2025-03-03."

    Scenario: The reason for an authorization that has not begun
      Given it is known that the first day of the authorization is 2025-03-04
      When the claim is decided
      Then the reasons are
        | rule                    | group | carc | rarc | line |
        | authorization-not-begun | CO    | 197  | N351 | 1    |
      And it says "Authorization A-100 begins on 2025-03-04, after the service on 2025-03-03."

    Scenario: A drug line over several days that runs past the last day waits for a person
      Given these claim lines
        | code  | units | date       | through    |
        | J0945 | 4     | 2025-03-03 | 2025-03-04 |
        | 62369 | 1     | 2025-03-03 |            |
      And it is known that the last day of the authorization is 2025-03-03
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                   |
        | line-over-several-days |

    Scenario Outline: It was asked for on the day of service at the latest - <asked for>
      Given it is known that the day on which authorization was requested is <requested>
      When the claim is decided
      Then it is <decision>
      And rule authorization-requested-late <so>

      Examples:
        | asked for               | requested  | decision | so            |
        | long before the service | 2024-12-20 | approved | does not hold |
        | the day before          | 2025-03-02 | approved | does not hold |
        | on the day of service   | 2025-03-03 | approved | does not hold |
        | the day after           | 2025-03-04 | denied   | holds         |

    Scenario: The reason for an authorization asked for too late
      Given it is known that the day on which authorization was requested is 2025-03-04
      When the claim is decided
      Then the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-requested-late | CO    | 210  |      | 1    |
      And it says "was asked for on 2025-03-04, after the service on 2025-03-03, and no timely notice of an emergency is shown"

    Scenario: Several misfits are all reported at once
      Given these facts
        | fact                                         | value      |
        | the member of the authorization              | M2         |
        | the plan of the authorization                | P2         |
        | the codes of the authorization               | J0475      |
        | the provider of the authorization            | 9876543210 |
        | the last day of the authorization            | 2025-03-02 |
        | the day on which authorization was requested | 2025-03-04 |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                               | group | carc | rarc |
        | authorization-expired              | CO    | 302  | N351 |
        | authorization-for-another-member   | CO    | 197  |      |
        | authorization-for-another-provider | CO    | 296  | N54  |
        | authorization-for-another-service  | CO    | 284  | N54  |
        | authorization-of-another-plan      | CO    | 197  |      |
        | authorization-requested-late       | CO    | 210  |      |

    Scenario Outline: What the payer's file does not say is asked, and nothing is denied for it - <what>
      Given nothing is known about <what>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for <what>
      And rule <rule> is not known

      Examples:
        | what                                         | rule                               |
        | the member of the authorization              | authorization-for-another-member   |
        | the payer that gave the authorization        | authorization-of-another-plan      |
        | the plan of the authorization                | authorization-of-another-plan      |
        | the codes of the authorization               | authorization-for-another-service  |
        | the provider of the authorization            | authorization-for-another-provider |
        | the first day of the authorization           | authorization-not-begun            |
        | the last day of the authorization            | authorization-expired              |
        | the day on which authorization was requested | authorization-requested-late       |

    Scenario Outline: What the claim does not say is asked, and nothing is denied for it - <fact>
      Given the claim says
        | field   | value |
        | <field> |       |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for <fact>
      And rule <rule> is not known

      Examples:
        | fact                 | field       | rule                               |
        | coverage.member_id   | member id   | authorization-for-another-member   |
        | coverage.plan        | plan        | authorization-of-another-plan      |
        | provider.billing_npi | billing npi | authorization-for-another-provider |

    Scenario: For a replacement pump, too, the first day must be known
      Given it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is end of battery
      And nothing is known about the first day of the authorization
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-not-begun is not known
      And it first asks for the first day of the authorization

    Scenario: All is known of an authorization but whether the payer has it on file
      Given nothing is known about authorization.on_file
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-absent is not known
      And it first asks for authorization.on_file

  Rule: An authorization for refills lasts 12 months from its first day

    Background:
      Given the example refill-with-authorization-facts of Commercial Standard for J0945
      And it is known that the last day of the authorization is 2026-12-31
      And it is known that the day on which authorization was requested is 2022-12-20

    Scenario Outline: A refill on the same day of the month is still covered - <age>
      Given it is known that the first day of the authorization is <first day>
      When the claim is decided
      Then it is <decision>
      And rule refill-authorization-too-old <so>

      Examples:
        | age                  | first day  | decision | so            |
        | begins today         | 2025-03-03 | approved | does not hold |
        | 12 months less a day | 2024-03-04 | approved | does not hold |
        | 12 months to the day | 2024-03-03 | approved | does not hold |
        | 12 months and a day  | 2024-03-02 | denied   | holds         |

    Scenario: The reason for a refill authorization that is too old
      Given it is known that the first day of the authorization is 2024-03-02
      When the claim is decided
      Then the reasons are
        | rule                         | group | carc | rarc | line |
        | refill-authorization-too-old | CO    | 302  | N351 | 1    |
      And it says "Authorization A-100 began on 2024-03-02; one for refills lasts 12 months."

    Scenario Outline: The limit is for refills, dose changes and catheter revisions, not for the pump itself - <phase>
      Given it is known that the phase of therapy is <phase>
      And it is known that the first day of the authorization is 2024-03-02
      When the claim is decided
      Then it is <decision>
      And rule refill-authorization-too-old <so>

      Examples:
        | phase             | decision | so            |
        | initial           | approved | does not hold |
        | refill            | denied   | holds         |
        | dose change       | denied   | holds         |
        | catheter revision | denied   | holds         |
        | replacement       | approved | does not hold |

    Scenario: An authorization that has not begun is not called too old
      Given it is known that the first day of the authorization is 2025-03-04
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    |
        | authorization-not-begun |

    Scenario: Its first day is not known, so its age does not count against the claim
      Given nothing is known about the first day of the authorization
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule refill-authorization-too-old is not known
      And it asks for the first day of the authorization

  Rule: Of several authorizations on file the one that the claim names is looked at

    Background:
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      And the claim has authorization number A-100
      And the claim has place of service 11
      And the drug lines carry no JZ
      And the drug lines have no place of service
      And line 2 has no place of service
      And the authorization has number A-100
      And this authorization is on file
        | field  | value   |
        | number | A-200   |
        | status | refused |
        | codes  | J0945   |

    Scenario: The claim names the good one, and the refused one does no harm
      When the claim is decided
      Then it is approved
      And the authorization is concluded to be A-100

    Scenario: The claim names the refused one, and the good one does not help
      Given the claim has authorization number A-200
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | authorization-refused | CO    | 39   | N758 | 1    |
      And the authorization is concluded to be A-200

    Scenario: The number on the drug line takes precedence over the number of the claim
      Given the drug lines have authorization number A-200
      When the claim is decided
      Then it is denied
      And the authorization is concluded to be A-200

  Rule: Where the claim names none, the authorization that fits best is looked at

    Background:
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      And the claim has place of service 11
      And the claim has no authorization number
      And the drug lines carry no JZ
      And the drug lines have no place of service
      And line 2 has no place of service
      And the authorization has number A-100

    Scenario Outline: An approved one takes precedence over one that is not - <status>
      Given this authorization is on file
        | field         | value               |
        | number        | A-200               |
        | status        | <status>            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2025-02-01          |
        | valid through | 2025-12-31          |
      When the claim is decided
      Then it is approved
      And the authorization is concluded to be A-100

      Examples:
        | status    |
        | pending   |
        | refused   |
        | cancelled |

    Scenario: One for this drug takes precedence over a later one for something else
      Given this authorization is on file
        | field         | value               |
        | number        | A-200               |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | 62362               |
        | valid from    | 2025-02-01          |
        | valid through | 2025-12-31          |
        | requested on  | 2025-01-20          |
      When the claim is decided
      Then it is approved
      And the authorization is concluded to be A-100

    Scenario Outline: One that is valid on the day takes precedence over one that is not - <the other>
      Given this authorization is on file
        | field         | value               |
        | number        | A-200               |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | <from>              |
        | valid through | <through>           |
        | units         | 40                  |
        | units used    | 0                   |
        | requested on  | 2024-12-20          |
      When the claim is decided
      Then it is approved
      And the authorization is concluded to be <looked at>

      Examples:
        | the other                            | from       | through    | looked at |
        | ended the day before                 | 2025-02-01 | 2025-03-02 | A-100     |
        | ends today, and is the later one     | 2025-02-01 | 2025-03-03 | A-200     |
        | begins today, and is the later one   | 2025-03-03 | 2025-12-31 | A-200     |
        | begins tomorrow                      | 2025-03-04 | 2025-12-31 | A-100     |
        | is valid but the earlier one         | 2024-12-31 | 2025-12-31 | A-100     |
        | has the same days and a later number | 2025-01-01 | 2025-12-31 | A-200     |

    Scenario: An expired one does not count against the claim while a valid one is on file too
      Given this authorization is on file
        | field         | value               |
        | number        | A-050               |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2024-01-01          |
        | valid through | 2024-12-31          |
        | units         | 40                  |
        | units used    | 40                  |
        | requested on  | 2023-12-20          |
      When the claim is decided
      Then it is approved
      And there is no reason from rule authorization-expired
