@skip
Feature: Scenarios that would check nothing
  Scenario: No steps

  Scenario: No Then
    When the claim is decided

  Scenario: No When
    Then it is denied

  Scenario: The same name
    When the claim is decided
    Then it is denied

  Scenario: The same name
    When the claim is decided
    Then it is approved

  Scenario:
    When the claim is decided
    Then it is approved

  Scenario Outline: No examples
    When the claim is decided
    Then it is <what>

  Scenario: A column of nothing
    When the claim is decided
    Then it is <what>

  Scenario Outline: Examples
    When the claim is decided
    Then it is <decisoin>

    Examples:
      | decision | decision |
      | denied   | denied   |
      | denied   | denied   |

    Examples: none
      | decision |
