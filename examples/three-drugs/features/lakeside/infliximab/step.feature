Feature: Infliximab: preferred products first, by weight

  Background:
    Given a claim to Lakeside Health for Q5103 on 2025-06-02
    And the claim says
      | field            | value      |
      | place of service | 11         |
      | birth date       | 1980-02-03 |
      | member id        | SYN-M-1    |
      | plan             | PPO        |
      | billing npi      | 1234567893 |
    And the diagnoses K50.90
    And these claim lines
      | code  | modifiers | units |
      | Q5103 |           | 35    |
      | Q5103 | JW        | 5     |
      | 96413 |           | 1     |
    And this authorization is on file
      | field         | value      |
      | number        | A-1        |
      | status        | approved   |
      | payer         | lakeside   |
      | plan          | PPO        |
      | member id     | SYN-M-1    |
      | provider npi  | 1234567893 |
      | codes         | Q5103      |
      | valid from    | 2025-01-01 |
      | valid through | 2026-12-31 |
      | units         | 800        |
      | units used    | 0          |
      | requested on  | 2024-12-20 |
    And these earlier claims
      | date       | units |
      | 2025-04-07 | 35    |
    And these facts
      | fact                   | value        |
      | therapy.course         | continuation |
      | infliximab.dose_number | 6            |
      | infliximab.weight      | 40           |

  Scenario: Forty kilograms at 10 mg make four vials
    When the claim is decided
    Then it is approved

  Scenario: Thirty kilograms make three vials
    Given it is known that infliximab.weight is 30
    When the claim is decided
    Then it is partly approved
    And the reason is CO 151 with N362 from rule above-dose-for-weight

  Scenario: Just above thirty kilograms make four vials
    Given it is known that infliximab.weight is 30.1
    When the claim is decided
    Then it is approved

  Scenario: A day too early
    Given these earlier claims
      | date       | units |
      | 2025-04-08 | 35    |
    When the claim is decided
    Then it is denied
    And the reason is CO 119 with N640 from rule too-soon

  Scenario: The third dose may come after four weeks
    Given it is known that infliximab.dose_number is 3
    And these earlier claims
      | date       | units |
      | 2025-05-05 | 35    |
    When the claim is decided
    Then it is approved

  Scenario: The weight is not known
    Given nothing is known about infliximab.weight
    When the claim is decided
    Then it is pended
    And it first asks for infliximab.weight

  Scenario: A hospital that is not needed
    Given the claim says
      | field            | value |
      | place of service | 22    |
    And it is known that infliximab.hospital_needed is no
    When the claim is decided
    Then it is denied
    And the reason is CO 58 with N130 from rule hospital-not-needed
