Feature: Rows of an outline
  Scenario Outline: <units> units are <decision>
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | units   |
      | <units> |
    And it is known that oral_trial.outcome is not tolerated
    When the claim is decided
    Then it is <decision>

    Examples: up to the limit
      | units | decision |
      | 1     | approved |

    Examples: above
      # a comment between
      | units | decision        |
      | 2     | partly approved |
      | 3     | denied          |
