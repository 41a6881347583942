Feature: Medicare, official codes: what a claim that says nothing waits for

  Nothing but code and day is known. Every rule that could still deny or pend it is open, and no other;
  whatever is here is never paid in silence. What the payer takes as not holding is not among them.

  Scenario: The code of a fill
    Given a claim to Medicare for J0475 on 2025-03-03
    When the claim is decided
    Then it is pended
    And no rule denies it
    And it waits for these rules
      | rule                            |
      | contraindicated                 |
      | daily-limit                     |
      | diagnosis-header                |
      | diagnosis-invalid-on-date       |
      | diagnosis-needs-cause           |
      | diagnosis-not-covered           |
      | diagnosis-only-pump-status      |
      | fill-code-used-for-trial        |
      | jw-without-administered         |
      | jz-beside-jw                    |
      | jz-beside-jw-several-containers |
      | jz-missing                      |
      | oral-therapy-not-shown          |
      | replacement-not-needed          |
      | same-drug-under-two-codes       |
      | trial-after-implant             |
      | trial-nonresponder              |
      | trial-not-shown                 |
      | trial-on-implant-day            |
      | trial-units-above-expected      |
      | units-not-whole                 |

  Scenario: The code of a screening dose
    Given a claim to Medicare for J0476 on 2025-03-03
    When the claim is decided
    Then it is pended
    And no rule denies it
    And it waits for these rules
      | rule                            |
      | contraindicated                 |
      | daily-limit                     |
      | diagnosis-header                |
      | diagnosis-invalid-on-date       |
      | diagnosis-needs-cause           |
      | diagnosis-not-covered           |
      | diagnosis-only-pump-status      |
      | jw-without-administered         |
      | jz-beside-jw                    |
      | jz-beside-jw-several-containers |
      | jz-missing                      |
      | oral-therapy-not-shown          |
      | replacement-not-needed          |
      | same-drug-under-two-codes       |
      | trial-after-implant             |
      | trial-code-used-for-fill        |
      | trial-nonresponder              |
      | trial-not-shown                 |
      | trial-on-implant-day            |
      | trial-units-above-expected      |
      | units-not-whole                 |

  Scenario: J0476 outside offices and critical access hospitals is in another payment, wherever it was given
    Given a claim to Medicare for J0476 on 2025-03-03
    And it is known that whether a clinician gave the drug in an office or on a home visit is no
    And it is known that whether a critical access hospital gave the drug is no
    When the claim is decided
    Then wastage.in_scope is concluded to be no
