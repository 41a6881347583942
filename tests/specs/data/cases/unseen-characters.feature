Feature: Characters that nobody sees

  Scenario: A no-break space is a space
    Given a claim to Example Health for J3420 on 2024-06-03
    When the claim is decided
    Then it is denied

  Scenario: A zero-width space
    Given a claim​ to Example Health for J3420 on 2024-06-03
    When the claim is decided
    Then it is denied
