Feature: Wrong values
  Background:
    Given a claim to Example Health for J3420 on 2024-06-03

  Scenario Outline: <case>
    Given these facts
      | fact   | value   |
      | <fact> | <value> |
    When the claim is decided
    Then it is denied

    Examples:
      | case           | fact                | value         |
      | a choice       | oral_trial.outcome  | inadaquate    |
      | a boolean      | patient.vegan       | maybe         |
      | a number       | oral_trial.duration | six           |
      | another unit   | oral_trial.duration | 6 mg          |
      | no exact value | oral_trial.duration | 10 days       |
      | a document     | documents.received  | laboratory_reprot |
      | a diagnosis    | diagnosis.codes     | D51.0, ICD    |

  Scenario: A cell of a line
    Given these claim lines
      | units | modifiers | ndc quantity |
      | 1     | JZ        | 2            |
      | one   | JZ        | 2            |
    When the claim is decided
    Then it is denied

  Scenario: A modifier
    Given these claim lines
      | units | modifiers |
      | 1     | JZ, JWW   |
    When the claim is decided
    Then it is denied

  Scenario: A column
    Given these claim lines
      | unit | modifiers |
      | 1    | JZ        |
    When the claim is decided
    Then it is denied

  Scenario: A field
    Given the claim says
      | field      | value |
      | bill tipe  | 0131  |
    When the claim is decided
    Then it is denied

  Scenario: A status
    Given this authorization is on file
      | field  | value   |
      | status | aproved |
    When the claim is decided
    Then it is denied

  Scenario: A header
    Given these facts
      | patient.vegan | yes |
    When the claim is decided
    Then it is denied

  Scenario: No table
    Given these facts
    When the claim is decided
    Then it is denied

  Scenario: A table too many
    When the claim is decided
      | a |
    Then it is denied

  Scenario: A rule
    When the claim is decided
    Then rule one-per-day holds

  Scenario: A reason code
    When the claim is decided
    Then the reason is CO 51 from rule one-a-day

  Scenario: A line
    When the claim is decided
    Then line 1 is denied
