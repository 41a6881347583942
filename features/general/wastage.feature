Feature: JW and JZ, whatever the drug
  Each scenario runs once for every policy that extends the module general/wastage.

  Scenario: Whole units are discarded and billed with JW, but no unit is administered
    Given the role clean-claim of general/wastage
    But the drug lines carry JW
    When the claim is decided
    Then it is denied
    And the reason is CO 107 from rule jw-without-administered

  Scenario: One line carries both JW and JZ
    Given the role clean-claim of general/wastage
    But the drug lines carry JW, JZ
    When the claim is decided
    Then it is denied
    And rule jw-and-jz-on-one-line holds

  Scenario: JZ before the modifier existed
    Given the role clean-claim of general/wastage on 2022-12-01
    But the drug lines carry JZ
    When the claim is decided
    Then it is denied
    And the reason is CO 182 with N823 from rule jz-before-it-existed
