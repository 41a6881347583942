Feature: A step after the examples
  Scenario Outline: An outline
    When the claim is decided
    Then it is <what>
    Examples:
      | what   |
      | denied |
    And no rule denies it
