Feature: A colon
  Scenario Without its colon
    When the claim is decided
