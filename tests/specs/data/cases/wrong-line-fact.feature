Feature: Facts in a table of lines

  Scenario: A fact about the member
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | code  | units | patient.vegan |
      | J3420 | 1     | no            |
    When the claim is decided
    Then it is approved

  Scenario: A misspelled fact
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | code  | units | injection.previos_date |
      | J3420 | 1     | 2024-05-01             |
    When the claim is decided
    Then it is approved

  Scenario: One fact by its name and by its label
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | code  | units | injection.previous_date | the date of the previous injection |
      | J3420 | 1     | 2024-05-01              | 2024-05-01                         |
    When the claim is decided
    Then it is approved

  Scenario: No date
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | code  | units | injection.previous_date |
      | J3420 | 1     | last week               |
    When the claim is decided
    Then it is approved

  Scenario: One fact for two services
    Given a claim to Example Health for J3420 on 2024-06-03
    And it is known that units.billed is 1
    And these claim lines
      | code  | units | date       |
      | J3420 | 1     | 2024-06-03 |
      | J3420 | 1     | 2024-07-03 |
    When the claim is decided
    Then it is approved

  Scenario: Rows in a cell
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | code  | records |
      | J3420 | none    |
    When the claim is decided
    Then it is approved
