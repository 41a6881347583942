Feature: An authorization that is on file, whatever the drug
  Each scenario runs once for every policy that extends the module general/preauthorization. Original
  Medicare asks for none, so its policies withdraw those that need one.

  Scenario: The authorization has ended
    Given the role clean-claim of general/preauthorization
    But the authorization has valid through 2025-01-31
    When the claim is decided
    Then it is denied
    And the reason is CO 302 from rule authorization-expired

  Scenario: The authorization is for another member
    Given the role clean-claim of general/preauthorization
    But the authorization has member id M2
    When the claim is decided
    Then it is denied
    And rule authorization-for-another-member holds
