Feature: Infliximab: preferred products

  Scenario Outline: A product that is not preferred comes after those that are
    Given a preauthorization request to Lakeside Health for <code> on <date>
    And the request says
      | field      | value      |
      | birth date | 1980-02-03 |
    And the diagnoses K50.90
    And these facts
      | fact                               | value      |
      | therapy.course                     | initial    |
      | infliximab.on_biologic | no         |
      | infliximab.tb_result               | negative   |
      | infliximab.tb_test_date            | 2025-05-01 |
      | infliximab.failed_products         | <failed>   |
    And these records of therapy.trials
      | drug               | outcome    |
      | conventional agent | inadequate |
      | methotrexate       | not tried  |
    When the request is decided
    Then it is <decision>

    Examples:
      | case                         | code  | date       | failed              | decision               |
      | preferred                    | Q5121 | 2025-06-02 | none                | approved               |
      | Remicade was preferred       | J1745 | 2025-06-02 | none                | approved               |
      | Remicade no longer           | J1745 | 2026-04-02 | none                | recommended for denial |
      | Remicade after one           | J1745 | 2026-04-02 | Q5103               | recommended for denial |
      | Remicade after both          | J1745 | 2026-04-02 | Q5103, Q5121        | approved               |
      | Renflexis after three        | Q5104 | 2025-06-02 | J1745, Q5103, Q5121 | approved               |
      | Renflexis after two of three | Q5104 | 2025-06-02 | Q5103, Q5121        | recommended for denial |
