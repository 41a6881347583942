Feature: Misspelled sentences
  Scenario: Several slips
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim line
      | units |
      | 1     |
    When the claim is decidd
    Then it is aproved
    And line one is approve
    And the reason CO 50 from rule duplicate
    And everything is fine

  Scenario: A sentence of another kind
    Given a claim to Example Health for J3420 on 2024-06-03
    And it is denied
    When the claim is decided
    Then it is known that patient.vegan is yes
