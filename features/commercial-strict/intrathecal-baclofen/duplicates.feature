Feature: Commercial Strict: the same service is paid once

  This payer takes over Medicare's rules about duplicates, replacements and voids as they are. An
  authorization covers a service; it does not pay it twice.

  Background:
    Given the example authorized-refill-with-procedure of Commercial Strict for J0945
    And the claim has claim number C-200

  Rule: The same line on an earlier claim is a duplicate, in spite of an authorization

    Scenario: It is denied, in group OA
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | duplicate-of-earlier-claim | OA    | 18   | N522 | 1    |

    Scenario Outline: A line that differs is no duplicate: <case>
      Given these earlier claims
        | claim number | code  | date   | modifiers   | units   | billing npi | void   |
        | C-100        | J0945 | <date> | <modifiers> | <units> | <npi>       | <void> |
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

      Examples:
        | case             | date       | modifiers | units | npi        | void |
        | the day before   | 2025-03-02 | JZ        | 4     | 1234567893 | no   |
        | discarded drug   | 2025-03-03 | JW        | 4     | 1234567893 | no   |
        | fewer units      | 2025-03-03 | JZ        | 3     | 1234567893 | no   |
        | another provider | 2025-03-03 | JZ        | 4     | 1999999992 | no   |
        | voided since     | 2025-03-03 | JZ        | 4     | 1234567893 | yes  |

    Scenario: No one has looked for earlier claims
      When the claim is decided
      Then it is approved
      And it is assumed that rule duplicate-of-earlier-claim does not hold

    Scenario: There are none, and that is known
      Given there are no earlier claims
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

    Scenario: A replacement is no duplicate of the claim that it names
      Given the claim has frequency 7
      And the claim has original id C-100
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is approved

    Scenario: A replacement that names no claim waits for its number
      Given the claim has frequency 7
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                          |
        | replacement-names-no-original |

    Scenario: A void is neither paid nor denied
      Given the claim has frequency 8
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

    Scenario: Two lines of the claim that are the same pend for review
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 | JZ        | 2     | 11               | 66794-157-02 |
        | J0945 | JZ        | 2     | 11               | 66794-157-02 |
        | 62369 |           | 1     | 11               |              |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | line |
        | identical-lines | 1 2  |

    Scenario: As many units administered and discarded are no repetition
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0945 |           | 2     | 11               | 66794-157-02 |
        | J0945 | JW        | 2     | 11               | 66794-157-02 |
        | 62369 |           | 1     | 11               |              |
      When the claim is decided
      Then it is approved
      And rule identical-lines does not hold

    Scenario: A line over several days pends for review
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          | through    |
        | J0945 | JZ        | 4     | 11               | 66794-157-02 | 2025-03-04 |
        | 62369 |           | 1     | 11               |              |            |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                   | line |
        | line-over-several-days | 1    |
