Feature: Commercial Standard: what a claim that says nothing waits for

  Nothing but code and day is known. Every rule that could still deny or pend it is open, and no other;
  whatever is here is never paid in silence. What the payer takes as not holding is not among them.

  Scenario: A drug line on its own
    Given a claim to Commercial Standard for J0945 on 2025-03-03
    When the claim is decided
    Then it is pended
    And no rule denies it
    And it waits for these rules
      | rule                               |
      | authorization-absent               |
      | authorization-cancelled            |
      | authorization-expired              |
      | authorization-for-another-member   |
      | authorization-for-another-provider |
      | authorization-for-another-service  |
      | authorization-not-begun            |
      | authorization-number-missing       |
      | authorization-of-another-plan      |
      | authorization-pending              |
      | authorization-refused              |
      | authorization-requested-late       |
      | authorization-units-exceeded       |
      | contraindicated                    |
      | daily-limit                        |
      | diagnosis-header                   |
      | diagnosis-invalid-on-date          |
      | diagnosis-needs-cause              |
      | diagnosis-not-covered              |
      | diagnosis-only-pump-status         |
      | jw-without-administered            |
      | jz-beside-jw                       |
      | jz-beside-jw-several-containers    |
      | oral-therapy-not-shown             |
      | refill-authorization-too-old       |
      | replacement-not-needed             |
      | same-drug-under-two-codes          |
      | too-young                          |
      | trial-after-implant                |
      | trial-dose-above-protocol          |
      | trial-nonresponder                 |
      | trial-not-shown                    |
      | trial-on-implant-day               |
      | trial-units-above-expected         |
      | units-not-whole                    |
