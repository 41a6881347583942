Feature: A keyword
  Scenario: A misspelled keyword among steps
    Given a claim to Example Health for J3420 on 2024-06-03
    Wen the claim is decided
    Then it is denied
