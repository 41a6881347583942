Feature: Commercial Standard: the authorization that fits is found among several on file

  Background:
    Given the example authorized-refill-with-procedure of Commercial Standard for J0945
    And the claim has place of service 11
    And the claim has no authorization number
    And the claim has no birth date
    And the drug lines carry no JZ
    And the drug lines have no place of service
    And line 2 has no place of service
    And the authorization has number A-300

  Rule: A better one on file is looked at

    Scenario Outline: A later one that <misfit> is no reason to deny
      Given the authorization has number A-100
      And this authorization is on file
        | field         | value      |
        | number        | A-200      |
        | status        | approved   |
        | payer         | <payer>    |
        | plan          | <plan>     |
        | member id     | <member>   |
        | provider npi  | <provider> |
        | codes         | J0945      |
        | valid from    | 2025-02-01 |
        | valid through | 2025-12-31 |
        | units         | 40         |
        | units used    | <used>     |
        | requested on  | <asked>    |
      When the claim is decided
      Then it is approved

      Examples:
        | misfit                 | payer               | plan | member | provider   | used | asked      |
        | is another provider's  | commercial-standard | P1   | M1     | 9876543210 | 0    | 2025-01-20 |
        | is of another plan     | commercial-standard | P2   | M1     | 1234567893 | 0    | 2025-01-20 |
        | is of another payer    | commercial-strict   | P1   | M1     | 1234567893 | 0    | 2025-01-20 |
        | is another member's    | commercial-standard | P1   | M2     | 1234567893 | 0    | 2025-01-20 |
        | is used up             | commercial-standard | P1   | M1     | 1234567893 | 40   | 2025-01-20 |
        | was asked for too late | commercial-standard | P1   | M1     | 1234567893 | 0    | 2025-03-04 |

  Rule: A pending one for this drug is not passed over for an approved one for something else

    Background:
      Given the authorization has status pending
      And the authorization has no payer
      And the authorization has no member id
      And the authorization has no provider npi
      And the authorization has no valid from
      And the authorization has no valid through
      And the authorization has no units
      And the authorization has no units used
      And the authorization has no requested on

    Scenario: The claim waits and is not denied
      Given the authorization has no plan
      And this authorization is on file
        | field         | value               |
        | number        | A-400               |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | 62362               |
        | valid from    | 2025-01-01          |
        | valid through | 2025-12-31          |
        | units         | 1                   |
        | units used    | 0                   |
        | requested on  | 2024-12-20          |
      When the claim is decided
      Then it is pended
      And no rule denies it

    Scenario: An approved one of another plan does not hide that this plan's is not decided
      Given this authorization is on file
        | field         | value               |
        | number        | A-400               |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P2                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2024-01-01          |
        | valid through | 2024-12-31          |
        | units         | 1                   |
        | units used    | 0                   |
        | requested on  | 2023-12-20          |
      When the claim is decided
      Then it is pended
      And no rule denies it
