Feature: Whom, what and when
  Scenario: A payer
    Given a claim to Example Helth for J3420 on 2024-06-03
    When the claim is decided
    Then it is denied

  Scenario: A code
    Given a claim to Example Health for J342 on 2024-06-03
    When the claim is decided
    Then it is denied

  Scenario: A code without a policy
    Given a claim to Example Health for J3402 on 2024-06-03
    When the claim is decided
    Then it is denied

  Scenario: A day
    Given a claim to Example Health for J3420 on 2024-06-31
    When the claim is decided
    Then it is denied

  Scenario: Before the first policy
    Given a claim to Example Health for J3420 on 2023-12-31
    When the claim is decided
    Then it is denied

  Scenario: Nobody is asked
    Given no authorization is on file
    When the claim is decided
    Then it is denied

  Scenario: Not decided yet
    Given a claim to Example Health for J3420 on 2024-06-03
    Then it is denied
    When the claim is decided

  Scenario: Another kind of request
    Given a claim to Example Health for J3420 on 2024-06-03
    When the request is decided
    Then it is denied

  Scenario: The claim itself tells it
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | units |
      | 1     |
    And nothing is known about units.billed
    When the claim is decided
    Then it is denied

  Scenario: The claim is refused
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | number | units |
      | 1      | 1     |
      | 1      | 1     |
    When the claim is decided
    Then it is denied
