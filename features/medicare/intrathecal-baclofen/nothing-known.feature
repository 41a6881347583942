Feature: Medicare: what a claim that says nothing waits for

  Nothing but code and day is known. Every rule that could still deny or pend it is open, and no other;
  whatever is here is never paid in silence. What the payer takes as not holding is not among them.

  Scenario: A drug line on its own
    Given a claim to Medicare for J0945 on 2025-03-03
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
      | trial-nonresponder              |
      | trial-not-shown                 |
      | trial-on-implant-day            |
      | trial-units-above-expected      |
      | units-not-whole                 |

  Scenario: Before JZ existed
    Given a claim to Medicare for J0945 on 2022-03-03
    When the claim is decided
    Then it is pended
    And no rule denies it
    And it waits for these rules
      | rule                       |
      | contraindicated            |
      | diagnosis-header           |
      | diagnosis-invalid-on-date  |
      | diagnosis-needs-cause      |
      | diagnosis-not-covered      |
      | diagnosis-only-pump-status |
      | jw-without-administered    |
      | jz-before-it-existed       |
      | oral-therapy-not-shown     |
      | replacement-not-needed     |
      | same-drug-under-two-codes  |
      | trial-after-implant        |
      | trial-nonresponder         |
      | trial-not-shown            |
      | trial-on-implant-day       |
      | trial-units-above-expected |
      | units-not-whole            |

  Scenario: Records that were asked for and did not come, of a service whose phase is not known
    Given a claim to Medicare for J0945 on 2025-03-03
    And it is known that documents.request is not supplied
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
      | records-awaited                 |
      | records-not-supplied            |
      | replacement-not-needed          |
      | same-drug-under-two-codes       |
      | trial-after-implant             |
      | trial-nonresponder              |
      | trial-not-shown                 |
      | trial-on-implant-day            |
      | trial-units-above-expected      |
      | units-not-whole                 |

  Scenario: A container for several doses, where it is not known whether discarded drug is billed
    Given a claim to Medicare for J0945 on 2025-03-03
    And it is known that ndc.multi_dose is yes
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
      | jw-on-multi-dose                |
      | jw-without-administered         |
      | jz-beside-jw                    |
      | jz-beside-jw-several-containers |
      | oral-therapy-not-shown          |
      | replacement-not-needed          |
      | same-drug-under-two-codes       |
      | trial-after-implant             |
      | trial-nonresponder              |
      | trial-not-shown                 |
      | trial-on-implant-day            |
      | trial-units-above-expected      |
      | units-not-whole                 |
