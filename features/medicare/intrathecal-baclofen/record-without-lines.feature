Feature: Medicare: amounts that are reported without the lines of the claim

  A question, or a record that comes before the claim, tells amounts as facts. A rule on discarded drug
  needs a JW line, and a rule on milliliters needs milliliters, also there.

  Background:
    Given a claim to Medicare for J0945 on 2025-03-03
    And the diagnoses G82.51

  Scenario: Where nothing at all is billed, discarded drug is not billed alone
    Given it is known that the number of administered lines is 0
    And it is known that the number of discarded-drug (JW) lines is 0
    When the claim is decided
    Then rule jw-without-administered does not hold

  Scenario: One JW line alone is discarded drug billed alone
    Given it is known that the number of administered lines is 0
    And it is known that the number of discarded-drug (JW) lines is 1
    When the claim is decided
    Then it is denied
    And the reason is CO 107 with N161 from rule jw-without-administered

  Scenario Outline: Discarded units are held to the record only where a JW line bills them: <lines>
    Given it is known that the number of discarded-drug (JW) lines is <lines>
    And it is known that the discarded units billed is 3 billing units
    And it is known that the amount discarded is 10 mg
    When the claim is decided
    Then rule jw-above-record <truth>

    Examples:
      | lines | truth         |
      | 0     | does not hold |
      | 1     | holds         |

  Scenario Outline: A volume is worked out from units only where every line gives milliliters: <milliliters>
    Given it is known that whether every drug line gives its NDC quantity in milliliters is <milliliters>
    And it is known that the NDC quantity is 20 mL
    And it is known that ndc.amount is 10 mg
    And it is known that units.billed is 20 billing units
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
