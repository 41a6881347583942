Feature: Denosumab claims

  Background:
    Given a claim to Lakeside Health for J0897 on 2025-07-15
    And the claim says
      | field            | value      |
      | place of service | 11         |
      | birth date       | 1950-02-03 |
      | member id        | SYN-M-1    |
      | plan             | PPO        |
      | billing npi      | 1234567893 |
    And the diagnoses M81.0
    And these claim lines
      | code  | modifiers | units | ndc           | ndc quantity | ndc unit |
      | J0897 | JZ        | 60    | 55513-0710-01 | 1            | ML       |
    And this authorization is on file
      | field         | value      |
      | number        | A-1        |
      | status        | approved   |
      | payer         | lakeside   |
      | plan          | PPO        |
      | member id     | SYN-M-1    |
      | provider npi  | 1234567893 |
      | codes         | J0897      |
      | valid from    | 2025-01-01 |
      | valid through | 2026-12-31 |
      | units         | 800        |
      | units used    | 0          |
      | requested on  | 2024-12-20 |
    And these earlier claims
      | date       | units |
      | 2025-01-14 | 60    |
    And it is known that therapy.course is continuation

  Scenario: Six months and a day
    When the claim is decided
    Then it is approved

  Scenario: Exactly six months
    Given these earlier claims
      | date       | units |
      | 2025-01-15 | 60    |
    When the claim is decided
    Then it is approved

  Scenario: Two doses at once
    Given these claim lines
      | code  | modifiers | units |
      | J0897 | JZ        | 120   |
    When the claim is decided
    Then it is partly approved
    And line 1 is reduced to 60 units

  Scenario: For metastases 120 units are a dose
    Given the diagnoses C79.51
    And these claim lines
      | code  | modifiers | units |
      | J0897 | JZ        | 120   |
    When the claim is decided
    Then it is approved

  Scenario: For metastases and osteoporosis
    Given the diagnoses C79.51 and M81.0
    And these claim lines
      | code  | modifiers | units |
      | J0897 | JZ        | 120   |
    When the claim is decided
    Then it is approved
