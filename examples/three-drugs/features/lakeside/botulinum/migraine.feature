Feature: Botulinum toxin for chronic migraine at Lakeside Health

  Background:
    Given a claim to Lakeside Health for J0585 on 2025-06-02
    And the claim says
      | field            | value      |
      | place of service | 11         |
      | birth date       | 1980-02-03 |
      | member id        | SYN-M-1    |
      | plan             | PPO        |
      | billing npi      | 1234567893 |
    And the diagnoses G43.709
    And these claim lines
      | code  | modifiers | units |
      | J0585 |           | 155   |
      | J0585 | JW        | 45    |
      | 64615 |           | 1     |
    And this authorization is on file
      | field         | value      |
      | number        | A-1        |
      | status        | approved   |
      | payer         | lakeside   |
      | plan          | PPO        |
      | member id     | SYN-M-1    |
      | provider npi  | 1234567893 |
      | codes         | J0585      |
      | valid from    | 2025-01-01 |
      | valid through | 2025-12-31 |
      | units         | 800        |
      | units used    | 0          |
      | requested on  | 2024-12-20 |
    And there are no earlier claims
    And these facts
      | fact           | value   |
      | therapy.course | initial |

  Scenario: A first course with an authorization is paid, the waste with it
    When the claim is decided
    Then it is approved

  Scenario: Eleven weeks after the last dose is too soon
    Given these earlier claims
      | date       | units |
      | 2025-03-11 | 155   |
    When the claim is decided
    Then it is denied
    And the reason is CO 119 with N640 from rule too-soon

  Scenario: Twelve weeks after the last dose is not
    Given these earlier claims
      | date       | units |
      | 2025-03-10 | 155   |
    When the claim is decided
    Then it is approved

  Scenario: Four hundred units in the period
    Given these earlier claims
      | date       | units |
      | 2025-03-10 | 300   |
    When the claim is decided
    Then it is partly approved
    And line 1 is reduced to 100 units

  Scenario: Without the injection on the claim
    Given these claim lines
      | modifiers | units |
      |           | 155   |
      | JW        | 45    |
    When the claim is decided
    Then it is denied
    And the reason is CO 107 with N161 from rule procedure-not-on-claim

  Scenario: Without JZ and JW
    Given these claim lines
      | code  | modifiers | units |
      | J0585 |           | 200   |
      | 64615 |           | 1     |
    When the claim is decided
    Then it is denied
    And the reason is CO 16 with N822, MA130 from rule jz-missing

  Scenario: A category code is no diagnosis of chronic migraine
    Given the diagnoses G43.7
    When the claim is decided
    Then it is denied
    And the reason is CO 11 with M76 from rule diagnosis-not-covered
