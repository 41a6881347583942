Feature: Commercial Standard: what an approved authorization has settled, and what it has not

  What an approved authorization certified for this service is not decided again on the claim. An
  authorization is no promise to pay, though: coding, duplicates, units and missing records still count.

  Rule: Necessity that was certified is not decided again

    Background:
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-100
      And it is known that the phase of therapy is initial

    Scenario: A certified first fill is paid, and nothing clinical is asked
      When the claim is decided
      Then it is approved
      And it asks nothing
      And authorization.matches is concluded to be yes

    Scenario: A certified replacement pump is paid, and its reason is not asked
      Given it is known that the phase of therapy is replacement
      When the claim is decided
      Then it is approved
      And it asks nothing

    Scenario Outline: What would deny or hold up a first fill was decided with the authorization - <what>
      Given it is known that <fact> is <value>
      And it is known that <other fact> is <other value>
      When the claim is decided
      Then it is approved
      And rule <rule> does not hold

      Examples:
        | what                              | fact                                | value         | other fact                                    | other value | rule                      |
        | oral therapy for 41 days only     | the outcome of oral antispasmodics  | inadequate    | the length of oral therapy                    | 41 days     | oral-therapy-not-shown    |
        | oral therapy worked               | the outcome of oral antispasmodics  | effective     | the length of oral therapy                    | 90 days     | oral-therapy-not-shown    |
        | no favorable response             | the response to the screening trial | not favorable | the decisive screening dose                   | 75 mcg      | trial-not-shown           |
        | no response to the largest dose   | the response to the screening trial | not favorable | the decisive screening dose                   | 100 mcg     | trial-nonresponder        |
        | a trial after the implant         | the date of the screening trial     | 2025-03-03    | the date of the pump implant                  | 2025-03-02  | trial-after-implant       |
        | a trial on the day of the implant | the date of the screening trial     | 2025-03-03    | the date of the pump implant                  | 2025-03-03  | trial-on-implant-day      |
        | a dose above the protocol         | the decisive screening dose         | 101 mcg       | the response to the screening trial           | favorable   | trial-dose-above-protocol |
        | doses less than a day apart       | the number of screening doses given | 2             | the time between the last two screening doses | 23 hours    | trial-doses-too-close     |
        | an infection                      | an active infection                 | yes           | allergy or hypersensitivity to baclofen       | no          | contraindicated           |

    Scenario: The age of a patient of three years was decided with the authorization
      Given the claim has birth date 2021-03-04
      When the claim is decided
      Then it is approved
      And rule too-young does not hold

    Scenario: A replacement of a working pump was decided with the authorization
      Given it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      When the claim is decided
      Then it is approved
      And rule replacement-not-needed does not hold

  Rule: Without an authorization that fits, necessity is decided on the claim

    Background:
      Given the example refill-without-authorization-record of Commercial Standard for J0945
      And it is known that the phase of therapy is initial
      And it is known that authorization.emergency is yes
      And it is known that the day on which the payer was notified is 2025-03-04
      And no authorization is on file

    Scenario Outline: In an emergency nothing has been certified - <what>
      Given it is known that <fact> is <value>
      And it is known that <other fact> is <other value>
      When the claim is decided
      Then it is <decision>
      And rule <rule> holds

      Examples:
        | what                              | decision               | fact                                | value         | other fact                                    | other value | rule                      |
        | oral therapy for 41 days only     | recommended for denial | the outcome of oral antispasmodics  | inadequate    | the length of oral therapy                    | 41 days     | oral-therapy-not-shown    |
        | oral therapy worked               | recommended for denial | the outcome of oral antispasmodics  | effective     | the length of oral therapy                    | 90 days     | oral-therapy-not-shown    |
        | no favorable response             | recommended for denial | the response to the screening trial | not favorable | the decisive screening dose                   | 75 mcg      | trial-not-shown           |
        | no response to the largest dose   | recommended for denial | the response to the screening trial | not favorable | the decisive screening dose                   | 100 mcg     | trial-nonresponder        |
        | a trial after the implant         | recommended for denial | the date of the screening trial     | 2025-03-03    | the date of the pump implant                  | 2025-03-02  | trial-after-implant       |
        | a trial on the day of the implant | pended                 | the date of the screening trial     | 2025-03-03    | the date of the pump implant                  | 2025-03-03  | trial-on-implant-day      |
        | a dose above the protocol         | pended                 | the decisive screening dose         | 101 mcg       | the response to the screening trial           | favorable   | trial-dose-above-protocol |
        | doses less than a day apart       | pended                 | the number of screening doses given | 2             | the time between the last two screening doses | 23 hours    | trial-doses-too-close     |
        | an infection                      | recommended for denial | an active infection                 | yes           | allergy or hypersensitivity to baclofen       | no          | contraindicated           |

    Scenario: In an emergency the patient's age counts
      Given the claim has birth date 2021-03-04
      When the claim is decided
      Then it is denied
      And the reason is CO 6 from rule too-young

    Scenario: In an emergency a working pump is not replaced
      Given it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | replacement-not-needed | CO    | 50   | N661 | 1    |

    Scenario: In an emergency a first fill waits for the clinical record
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the response to the screening trial
      And it asks for the outcome of oral antispasmodics

  Rule: Only an authorization that fits settles anything

    Scenario Outline: It settles nothing where it <misfit>
      Given the example refill-with-authorization-facts of Commercial Standard for J0945
      But the claim has no authorization number
      And these claim lines
        | code  | units |
        | J0945 | 4     |
      And it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      And it is known that <fact> is <value>
      When the claim is decided
      Then it is <decision>
      And authorization.matches is concluded to be no
      And the reason is CO 50 with N661 from rule replacement-not-needed

      Examples:
        | misfit                | fact                                  | value      | decision               |
        | is pending            | the status of the authorization       | pending    | recommended for denial |
        | is cancelled          | the status of the authorization       | cancelled  | denied                 |
        | was refused           | the status of the authorization       | refused    | denied                 |
        | is another member's   | the member of the authorization       | M2         | denied                 |
        | is of another payer   | the payer that gave the authorization | medicare   | denied                 |
        | is of another plan    | the plan of the authorization         | P2         | denied                 |
        | is for another code   | the codes of the authorization        | J0475      | denied                 |
        | is another provider's | the provider of the authorization     | 9876543210 | denied                 |
        | has expired           | the last day of the authorization     | 2025-03-02 | denied                 |
        | has not begun         | the first day of the authorization    | 2025-03-04 | denied                 |

    Scenario: One that was asked for too late is denied as late, and necessity is not added to it
      Given the example authorized-refill of Commercial Standard for J0945
      But it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      And the authorization has requested on 2025-03-04
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc |
        | authorization-requested-late | CO    | 210  |      |

    Scenario: While it is not known whether it fits, necessity is not settled either
      Given the example refill-without-authorization-record of Commercial Standard for J0945
      And it is known that authorization.on_file is yes
      And it is known that the status of the authorization is approved
      And it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-matches is not known
      And rule replacement-not-needed is not known

    Scenario: A trial needs no authorization, so one on file settles nothing about it
      Given the example authorized-refill of Commercial Standard for J0945
      But it is known that the phase of therapy is trial
      And it is known that the outcome of oral antispasmodics is effective
      And it is known that contraindication.active_infection is no
      And it is known that contraindication.hypersensitivity is no
      And the authorization has no units
      And the authorization has no units used
      And the authorization has no requested on
      When the claim is decided
      Then it is recommended for denial
      And authorization.matches is concluded to be no
      And the reason is CO 50 with N130 from rule oral-therapy-not-shown

  Rule: An authorization is no promise to pay: the claim itself must be in order

    Background:
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-100

    Scenario: The claim in order is paid
      When the claim is decided
      Then it is approved

    Scenario Outline: The diagnosis must support the drug - <diagnosis>
      Given the diagnoses <diagnosis>
      When the claim is decided
      Then it is denied
      And authorization.matches is concluded to be yes
      And the reason is <reason> with <rarc> from rule <rule>

      Examples:
        | diagnosis | reason | rarc     | rule                  |
        | E11.9     | CO 11  | M76      | diagnosis-not-covered |
        | G82.5     | CO 16  | M76, M81 | diagnosis-header      |

    Scenario: The same line was billed before
      Given these earlier claims
        | claim number | units | billing npi |
        | C-77         | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario: The product on the line is not for the pump
      Given the drug lines have ndc 99999-0010-01
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M119 from rule ndc-not-intrathecal

    Scenario: The units are not whole
      Given the drug lines have units 3.5
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule units-not-whole

    Scenario: More was billed than the record shows was given
      Given it is known that the dose administered is 30 mg
      When the claim is decided
      Then line 1 is reduced to 3 units
      And the reason is CO 151 with N362 from rule administered-above-dose

    Scenario: The claim bills discarded drug and no drug that was given
      Given the drug lines carry JW
      And the drug lines have units 1
      When the claim is decided
      Then it is denied
      And the reason is CO 107 with N161 from rule jw-without-administered

    Scenario: A drug line during an inpatient stay
      Given the drug lines have place of service 21
      When the claim is decided
      Then it is denied
      And the reason is CO 97 with M2 from rule inpatient-not-separate
