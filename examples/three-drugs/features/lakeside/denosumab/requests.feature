Feature: Denosumab requests

  Scenario Outline: Bone density, fracture and bisphosphonates
    Given a preauthorization request to Lakeside Health for J0897 on 2025-07-15
    And the request says
      | field      | value      |
      | birth date | 1950-02-03 |
    And the diagnoses M81.0
    And these facts
      | fact                    | value          |
      | therapy.course          | initial        |
      | denosumab.osteoporosis  | postmenopausal |
      | denosumab.t_score       | <t>            |
      | denosumab.fracture      | <fracture>     |
      | denosumab.frax_hip      | <frax>         |
      | denosumab.clearance     | <crcl>         |
      | denosumab.bone_reviewed | no             |
      | denosumab.calcium_low   | no             |
    And these records of therapy.trials
      | drug                | outcome   | months   |
      | oral bisphosphonate | <outcome> | <months> |
      | iv bisphosphonate   | not tried |          |
    When the request is decided
    Then it is <decision>

    Examples:
      | case                  | t    | fracture | frax | outcome    | months | crcl | decision               |
      | thin and tried        | -2.5 | no       | 1    | inadequate | 12     | 60   | approved               |
      | not thin enough       | -2.4 | no       | 1    | inadequate | 12     | 60   | recommended for denial |
      | a fracture            | -1.2 | yes      | 1    | inadequate | 12     | 60   | approved               |
      | risk by FRAX          | -1.2 | no       | 3    | inadequate | 12     | 60   | approved               |
      | eleven months         | -3   | no       | 1    | inadequate | 11     | 60   | recommended for denial |
      | kidneys               | -3   | no       | 1    | not tried  | 0      | 34   | approved               |
      | kidneys not evaluated | -3   | no       | 1    | not tried  | 0      | 29   | pended                 |
