Feature: What every policy says of a claim, whatever the drug
  These scenarios run once for each policy that extends the module general/claims, each from that
  policy's own clean claim.

  Scenario: A clean claim meets none of these rules
    Given the role clean-claim of general/claims
    When the claim is decided
    Then it is approved

  Scenario: A line with a fraction of a unit is billed
    Given the role clean-claim of general/claims
    But the drug lines have units 3.5
    When the claim is decided
    Then it is denied
    And the reason is CO 16 with M53 from rule units-not-whole

  Scenario: A replacement claim does not say which claim it replaces
    Given the role clean-claim of general/claims
    But the claim has frequency 7
    When the claim is decided
    Then it is pended
    And it says "does not say which claim it replaces"

  Scenario: The patient was an inpatient
    Given the role clean-claim of general/claims
    But the drug lines have place of service 21
    When the claim is decided
    Then it is denied
    And the reason is CO 97 with M2 from rule inpatient-not-separate
