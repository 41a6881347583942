Feature: One table says two things of one fact
  Background:
    Given a claim to Example Health for J3420 on 2024-06-03

  Scenario: A fact with two values
    Given these facts
      | fact          | value |
      | patient.vegan | yes   |
      | patient.vegan | no    |
    When the claim is decided
    Then it is denied

  Scenario: A fact with one value twice
    Given these facts
      | fact          | value |
      | patient.vegan | yes   |
      | patient.vegan | yes   |
    When the claim is decided
    Then it is denied

  Scenario: A fact by its name and by its label
    Given these facts
      | fact                       | value   |
      | oral_trial.duration        | 6 weeks |
      | the length of oral therapy | 8 weeks |
    When the claim is decided
    Then it is denied

  Scenario: A field of the form
    Given the claim says
      | field            | value |
      | place of service | 11    |
      | frequency        | 1     |
      | Place_of_service | 12    |
    When the claim is decided
    Then it is denied

  Scenario: A field of an authorization
    Given this authorization is on file
      | field  | value    |
      | status | approved |
      | status |          |
    When the claim is decided
    Then it is denied

  Scenario: A column of the claim lines
    Given these claim lines
      | units | code  | units |
      | 1     | J3420 | 2     |
    When the claim is decided
    Then it is denied

  Scenario: A line number
    Given these claim lines
      | number | units |
      | 1      | 1     |
      | 1      | 2     |
    When the claim is decided
    Then it is denied

  Scenario: An open rule
    When the claim is decided
    Then it waits for these rules
      | rule               |
      | oral-therapy-first |
      | oral-therapy-first |

  Scenario: A later step changes what an earlier one says
    Given these facts
      | fact          | value |
      | patient.vegan | yes   |
    And these facts
      | fact          | value |
      | patient.vegan | no    |
    And nothing is known about patient.vegan
    When the claim is decided
    Then it does not ask for patient.vegan
