Feature: Misspelled facts and values
  Background:
    Given a claim to Example Health for J3420 on 2024-06-03

  Scenario: A fact in a sentence
    Given it is known that oral_trial.outcom is inadequate
    When the claim is decided
    Then it is denied

  Scenario: A fact in a table
    Given these facts
      | fact                | value      |
      | oral_trial.outcome  | inadequate |
      | oral_trail.duration | 6          |
    When the claim is decided
    Then it is denied

  Scenario: A fact in a Then
    When the claim is decided
    Then it asks for the outcom of oral therapy

  Scenario: A derived fact
    Given it is known that oral_trial.failed is yes
    When the claim is decided
    Then it is denied

  Scenario: No value
    Given it is known that oral_trial.outcome
    When the claim is decided
    Then it is denied

  Scenario: Given and then concluded
    Given it is known that patient.vegan is yes
    When the claim is decided
    Then patient.vegan is concluded to be yes
