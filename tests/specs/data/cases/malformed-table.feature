Feature: A table
  Scenario: Rows of two lengths
    Given these facts
      | fact | value |
      | patient.vegan |
    When the claim is decided
    Then it is denied
