Feature: Medicare: amounts that are told without the lines of the claim

  A question, or a record that comes before the claim, tells amounts as facts. A rule on discarded drug
  needs a JW line, and a rule on milliliters needs milliliters, also there.

  Background:
    Given a claim to Medicare for J0945 on 2025-03-03
    And the diagnoses G82.51

  Scenario: Where nothing at all is billed, discarded drug is not billed alone
    Given these facts
      | fact                                    | value |
      | the number of administered lines        | 0     |
      | the number of discarded-drug (JW) lines | 0     |
    When the claim is decided
    Then rule jw-without-administered does not hold

  Scenario: One JW line alone is discarded drug billed alone
    Given these facts
      | fact                                    | value |
      | the number of administered lines        | 0     |
      | the number of discarded-drug (JW) lines | 1     |
    When the claim is decided
    Then it is denied
    And the reason is CO 107 with N161 from rule jw-without-administered

  Scenario Outline: Discarded units are held to the record only where a JW line bills them: <lines>
    Given these facts
      | fact                                    | value           |
      | the number of discarded-drug (JW) lines | <lines>         |
      | the discarded units billed              | 3 billing units |
      | the amount discarded                    | 10 mg           |
    When the claim is decided
    Then rule jw-above-record <truth>

    Examples:
      | lines | truth         |
      | 0     | does not hold |
      | 1     | holds         |

  Scenario Outline: A volume is told from units only where every line gives milliliters: <milliliters>
    Given these facts
      | fact                                                          | value            |
      | whether every drug line gives its NDC quantity in milliliters | <milliliters>    |
      | the NDC quantity                                              | 20 mL            |
      | ndc.amount                                                    | 10 mg            |
      | units.billed                                                  | 20 billing units |
    When the claim is decided
    Then rule volume-billed-as-units <truth>

    Examples:
      | milliliters | truth         |
      | no          | does not hold |
      | yes         | holds         |

  Scenario Outline: Nothing is no volume that could have been billed as units: <quantity>
    Given it is known that the NDC quantity is <quantity>
    When the claim is decided
    Then rule volume-billed-as-units <truth>

    Examples:
      | quantity | truth         |
      | 0 mL     | does not hold |
      | 1 mL     | is not known  |
