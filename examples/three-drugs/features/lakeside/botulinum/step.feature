Feature: Step therapy before botulinum toxin for migraine

  Scenario Outline: Two classes must be tried first
    Given a preauthorization request to Lakeside Health for J0585 on 2025-06-02
    And the request says
      | field      | value      |
      | birth date | 1980-02-03 |
    And the diagnoses G43.709
    And these facts
      | fact                     | value   |
      | therapy.course           | initial |
      | botulinum.headache_days  | 16      |
      | botulinum.headache_hours | 5       |
    And these records of therapy.trials
      | drug           | outcome   | days   |
      | antidepressant | <first>   | <days> |
      | anticonvulsant | <second>  | 60     |
      | beta blocker   | not tried |        |
      | cgrp inhibitor | not tried |        |
    When the request is decided
    Then it is <decision>

    Examples:
      | case              | first         | days | second     | decision               |
      | both long enough  | inadequate    | 60   | inadequate | approved               |
      | one too short     | inadequate    | 59   | inadequate | recommended for denial |
      | one not tolerated | not tolerated | 3    | inadequate | approved               |
      | one only          | not tried     | 0    | inadequate | recommended for denial |
