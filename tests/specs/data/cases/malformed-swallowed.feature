Feature: A step that Gherkin takes for a description
  Scenario: A misspelled keyword before the steps
    given a claim to Example Health for J3420 on 2024-06-03
    When the claim is decided
    Then it is denied
