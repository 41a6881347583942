Feature: x
  Scenario: The name is misspelled
    Given the example clean-injektion of Example Health for J3420
    When the claim is decided
    Then it is approved

  Scenario: No policy has an example of that name
    Given the example refill
    When the claim is decided
    Then it is approved

  Scenario: The payer has no policy for the code
    Given the example clean-injection of Example Health for J3421
    When the claim is decided
    Then it is approved

  Scenario: A scenario is about one request
    Given a claim to Example Health for J3420 on 2024-06-03
    And the example clean-injection
    When the claim is decided
    Then it is approved

  Scenario: A misspelled field
    Given the example clean-injection
    But the drug lines have unit 3
    When the claim is decided
    Then it is approved

  Scenario: A field without its value
    Given the example clean-injection
    But the claim has place of service
    When the claim is decided
    Then it is approved

  Scenario: A value that the field cannot have
    Given the example clean-injection
    But the claim has place of service 1111
    When the claim is decided
    Then it is approved

  Scenario: A line that the example does not have
    Given the example clean-injection
    But line 3 carries JW
    When the claim is decided
    Then it is approved

  Scenario: A request without lines
    Given the example first-injection
    But the drug lines carry JW
    When the request is decided
    Then it is approved

  Scenario: An authorization that is not there
    Given the example first-injection
    But the authorization has status pending
    When the request is decided
    Then it is approved

  Scenario: Modifiers of the claim
    Given the example clean-injection
    But the claim carries JW
    When the claim is decided
    Then it is approved
