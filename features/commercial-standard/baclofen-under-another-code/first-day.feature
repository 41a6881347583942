Feature: Commercial Standard, other codes: the first day of the policy

  Scenario: A service on the first day is decided
    Given a claim to Commercial Standard for J3490 on 2016-01-01
    When the claim is decided
    Then it is pended

  Scenario: A service on the day before is not
    Given a claim to Commercial Standard for J3490 on 2015-12-31
    When the claim is decided
    Then no policy applies
