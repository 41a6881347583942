@J3420 @vitamin-b12
Feature: Every sentence of the step library
  Each is said here at least once; a test holds this file to that.

  Scenario: An earlier claim
    Given a claim to EX-001 for j3420 on 2024-06-03
    And these claim lines
      | units |
      | 1     |
    And these earlier claims
      | claim number | units | void |
      | C-9          | 1     | no   |
    And it is known that oral_trial.outcome is not_tolerated
    When the claim is decided
    Then line 1 is denied
    And the reasons are
      | rule      |
      | duplicate |

  Scenario: One line is denied and the other pends
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | date       | units |
      | 2024-06-03 | 1     |
      | 2024-06-04 | 1     |
    And these earlier claims
      | units |
      | 1     |
    When the claim is decided
    Then it is pended
    And line 1 is denied
    And line 2 is pended

  Scenario: Nobody looked for earlier claims
    Given a claim to example-health for J3420 on 2024-06-03
    And these claim lines
      | units |
      | 1     |
    And it is known that oral_trial.outcome is not tolerated
    When the claim is decided
    Then it is approved
    And it is assumed that rule duplicate does not hold

  Scenario: Rows of a list that is declared
    Given a preauthorization request to Example Health for J3420 on 2024-06-03
    And these records of b12.tests
      | drawn      | pmol |
      | 2024-02-01 | 160  |
      |            | 140  |
    When the request is decided
    Then it advises by rule note-on-level
    And b12.lowest is concluded to be 140

  Scenario: A document is read by a person
    Given a preauthorization request to Example Health for J3420 on 2024-06-03
    And these facts
      | fact               | value                              |
      | oral_trial.outcome | not tolerated                      |
      | documents.received | physician order, laboratory_report |
    When the request is decided
    Then it is pended
    And the reasons are
      | rule              | group | carc |
      | laboratory-report |       |      |

  Scenario: What does the policy require?
    Given a question to Example Health about J3420 on 2024-06-03
    When the question is asked
    Then it is pended
    And it waits for these rules
      | rule               |
      | oral-therapy-first |
      | one-a-day          |
    And it first asks for oral_trial.outcome

  Scenario: What does the policy require, on a day that nobody names?
    Given a question to Example Health about J3420
    When the question is asked
    Then it is pended
    And the reasons are
      | rule                    |
      | date-of-service-missing |

  Scenario: Another line of business, another drug
    Given a claim to Two Lines for J3420 on 2024-06-03
    And the request says
      | field            | value      |
      | line of business | medicare   |
    When the claim is decided
    Then no policy applies

  Scenario: The form and the facts differ
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | units |
      | 1     |
    And it is known that units.billed is 2 billing units
    When the claim is decided
    Then the claim is refused because "but the claim says 1 billing units"

  Scenario Outline: Twelve weeks are long enough, whatever the unit
    Given a claim to Example Health for J3420 on 2024-06-03
    And these facts
      | fact                | value      |
      | oral_trial.outcome  | inadequate |
      | oral_trial.duration | <duration> |
    When the claim is decided
    Then it is <decision>

    Examples:
      | case     | duration | decision |
      | exactly  | 12       | pended   |
      | the same | 84 days  | pended   |
      | one less | 11.9     | denied   |

  Rule: what is known

    Background:
      Given a claim to Example Health for J3420 on 2024-06-03
      And there are no earlier claims
      And these facts
        | fact                       | value         |
        | oral_trial.outcome         | not tolerated |
        | the length of oral therapy | 8 weeks       |

    Scenario: Who did not tolerate oral therapy is paid
      Given these claim lines
        | code  | modifiers | units | place of service | charge |
        | J3420 | JZ, 59    | 1     | 11               | 25.50  |
        | 96372 |           | 1     | 11               |        |
      And the diagnoses D51.0 and E53.8
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And line 1 is approved
      And 1 unit is allowed on line 1
      And rule oral-failed holds
      And rule oral-therapy-first does not hold
      And oral_trial.failed is concluded to be yes
      And units.billed is concluded to be 1
      And it asks nothing
      And no rule denies it
      And there is no reason from rule one-a-day

    Scenario: Only one injection a day is paid
      Given these claim lines
        | units |
        | 3     |
      And the claim says
        | field            | value      |
        | frequency        | 7          |
        | original id      | C-1        |
        | place of service | 11         |
        | birth date       | 1950-02-28 |
        | billing npi      | 1999999984 |
        | plan             | gold       |
      And this authorization is on file
        | field         | value         |
        | number        | A-1           |
        | status        | approved      |
        | codes         | J3420, J0945  |
        | valid from    | 2024-01-01    |
        | units         | 12            |
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to 1 unit
      And line 1 is reduced to 1 units
      And 1 units are allowed on line 1
      And the reason is CO 151 from rule one-a-day
      And the reason is CO-151 with N362 from rule one-a-day
      And the reasons are
        | rule      | group | carc | rarc | line |
        | one-a-day | CO    | 151  | N362 | 1    |
      And it says "3 billing units are billed"

    Scenario: What is taken back is asked for
      Given these claim lines
        | units |
        | 1     |
      And nothing is known about oral_trial.outcome
      And it is known that whether the patient eats no animal food is yes
      When the claim is decided
      Then it is pended
      And it asks for oral_trial.outcome
      And it first asks for the outcome of oral therapy
      And it does not ask for patient.vegan
      And rule oral-therapy-first is not known
      And the information request is CO 252
      And the information request is CO 252 with N706
      And it advises by rule note-on-diet
      And it advises CO 252 by rule note-on-diet
      And it advises CO 252 with N706 by rule note-on-diet

    Scenario: A Given after the decision changes the request
      Given these claim lines
        | units |
        | 1     |
      When the claim is decided
      Then it is approved
      Given it is known that oral_trial.outcome is inadequate
      When the claim is decided
      Then it is denied
      And the reason is CO 50 with N386 from rule oral-therapy-first

  Rule: a scenario may start from a named example

    Scenario: The example as it is
      Given the example clean-injection
      When the claim is decided
      Then it is approved

    Scenario: A scenario of a module starts from the example of each policy
      Given the role clean-claim of general/wastage
      When the claim is decided
      Then it is approved

    Scenario: A scenario of a module on another day
      Given the role clean-claim of general/wastage on 2023-12-31
      When the claim is decided
      Then no policy applies

    Scenario: What a sentence says replaces what the example says
      Given the example clean-injection of Example Health for J3420
      But it is known that oral_trial.outcome is inadequate
      And it is known that oral_trial.duration is 11 weeks
      When the claim is decided
      Then it is denied
      And the reason is CO 50 with N386 from rule oral-therapy-first

    Scenario: The dates of the example are replaced
      Given the example clean-injection of Example Health for J3420 on 2023-12-31
      When the claim is decided
      Then no policy applies

    Scenario: One field is changed
      Given the example clean-injection of EX-001 for j3420 on 2024-07-01
      But the drug lines carry no JZ
      And the drug lines carry 59, KX
      And the drug lines carry no modifiers
      And the drug lines have units 3
      And line 2 has units 2
      And line 2 carries 59
      And the claim has place of service 22
      And the claim has no plan
      And the authorization has status pending
      And the authorization has no units
      When the claim is decided
      Then line 1 is reduced to 1 unit
      And units.billed is concluded to be 3

    Scenario: An example of a request without lines
      Given the example first-injection of Example Health for J3420 on 2024-07-01
      When the request is decided
      Then rule oral-therapy-first does not hold
      Given nothing is known about oral_trial.outcome
      When the request is decided
      Then rule oral-therapy-first is not known

  Rule: a clinician, dispositions, and what is certified

    Background:
      Given a claim to Example Health for J0999 on 2024-06-03
      And it is known that patient.vegan is yes

    Scenario Outline: What becomes of a line
      Given these claim lines
        | units   |
        | <units> |
      And it is known that oral_trial.outcome is inadequate
      When the claim is decided
      Then it is <decision>
      And line 1 is <becomes>
      And rule diet is to be followed up after payment

      Examples:
        | units | decision | becomes  |
        | 1     | denied   | packaged |
        | 2     | denied   | returned |
        | 5     | approved | paid     |

    Scenario: A clinician confirms a denial
      Given these claim lines
        | units |
        | 5     |
      And it is known that oral_trial.outcome is adequate
      When the claim is decided
      Then it is recommended for denial
      And the claim is recommended for denial by rule oral-first
      Given rule oral-first is confirmed by a clinician on 2024-06-10
      When the claim is decided
      Then it is denied
      And line 1 is denied for good

  Rule: what is certified

    Scenario: Half a year
      Given a preauthorization request to Example Health for J0999 on 2024-01-01
      And these claim lines
        | units |
        | 40    |
      And it is known that oral_trial.outcome is inadequate
      And it is known that patient.vegan is no
      When the request is decided
      Then it is partly approved
      And line 1 is reduced to 20 units
      And the request is certified for 20 units from 2024-01-01 through 2024-06-30
      And the request is certified for 20 units

    Scenario: No more than is asked
      Given a preauthorization request to Example Health for J0999 on 2024-01-01
      And these claim lines
        | units |
        | 1     |
      And it is known that oral_trial.outcome is inadequate
      And it is known that patient.vegan is no
      When the request is decided
      Then it is approved
      And the request is certified for 1 unit from 2024-01-01 through 2024-06-30
      And the request is certified for 1 unit
