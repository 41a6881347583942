Feature: The first step
  Scenario: And comes first
    And these facts
      | fact | value |
    When the claim is decided
    Then it is denied
