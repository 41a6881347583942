Feature: Expectations that fail
  Background:
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | units | modifiers |
      | 3     | JZ        |
    And these facts
      | fact               | value         |
      | oral_trial.outcome | not tolerated |

  Scenario: The decision
    When the claim is decided
    Then it is approved

  Scenario: A line
    When the claim is decided
    Then line 1 is denied

  Scenario: The units
    When the claim is decided
    Then line 1 is reduced to 2 units

  Scenario: The allowed units
    When the claim is decided
    Then 3 units are allowed on line 1

  Scenario: A reason
    When the claim is decided
    Then the reason is CO 50 with N386 from rule one-a-day

  Scenario: All reasons
    When the claim is decided
    Then the reasons are
      | rule      | group | carc |
      | one-a-day | CO    | 151  |
      | duplicate | CO    | 18   |

  Scenario: No reason
    When the claim is decided
    Then there is no reason from rule one-a-day

  Scenario: A sentence
    When the claim is decided
    Then it says "two are paid"

  Scenario: Advice
    When the claim is decided
    Then it advises by rule note-on-diet

  Scenario: A question
    When the claim is decided
    Then it asks for patient.vegan

  Scenario: No question
    Given nothing is known about oral_trial.outcome
    When the claim is decided
    Then it asks nothing

  Scenario: What is concluded
    When the claim is decided
    Then oral_trial.failed is concluded to be no

  Scenario: A rule
    When the claim is decided
    Then rule one-a-day does not hold

  Scenario: An assumption
    Given there are no earlier claims
    When the claim is decided
    Then it is assumed that rule duplicate does not hold

  Scenario: No policy
    When the claim is decided
    Then no policy applies

  Scenario: A refusal
    When the claim is decided
    Then the claim is refused because "of this"

  Scenario: Information
    When the claim is decided
    Then the information request is CO 252

  Scenario: A denial
    Given it is known that oral_trial.outcome is adequate
    When the claim is decided
    Then no rule denies it

  Scenario: Advice with other codes
    Given it is known that patient.vegan is yes
    When the claim is decided
    Then it advises CO 252 with N386 by rule note-on-diet

  Scenario: The open rules
    Given nothing is known about oral_trial.outcome
    When the claim is decided
    Then it waits for these rules
      | rule      |
      | one-a-day |
