Feature: Units billed and the NDC, whatever the drug
  Each scenario runs once for every policy that extends the module general/units.

  Scenario: The NDC is in no list of products
    Given the role clean-claim of general/units
    But the drug lines have ndc 99999-9999-99
    When the claim is decided
    Then it is pended
    And rule ndc-not-recognized holds

  Scenario: More units than the dose needs
    Given the role clean-claim of general/units
    And it is known that the dose administered is 20 mg
    When the claim is decided
    Then it is partly approved
    And 2 units are allowed on line 1
