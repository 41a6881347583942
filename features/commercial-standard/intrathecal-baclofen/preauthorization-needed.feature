Feature: Commercial Standard: when a claim needs preauthorization, and what happens without one

  The pump with its first fill, refills, dose changes, catheter revisions and a replacement pump need
  preauthorization. A screening trial does not. A claim without a good authorization is denied with the
  reason that fits, or it waits while the payer still has something to find out or to decide.

  Rule: The phase of therapy decides whether preauthorization is needed

    Scenario Outline: Is preauthorization needed for this phase? - <phase>
      Given the example authorized-refill of Commercial Standard for J0945
      But it is known that the phase of therapy is <phase>
      And no authorization is on file
      When the claim is decided
      Then preauthorization.needed is concluded to be <needed>
      And rule preauthorization-enforced <so>
      And rule authorization-number-missing <so>

      Examples:
        | phase             | needed | so            |
        | trial             | no     | does not hold |
        | initial           | yes    | holds         |
        | refill            | yes    | holds         |
        | dose change       | yes    | holds         |
        | catheter revision | yes    | holds         |
        | replacement       | yes    | holds         |

    Scenario Outline: The procedure on the claim shows the phase - <what was done>
      Given the example emergency-refill of Commercial Standard for J0945
      And the claim has birth date 1980-01-01
      And the diagnoses G82.51
      And line 2 has code <procedure>
      And nothing is known about authorization.emergency
      And nothing is known about the day on which the payer was notified
      When the claim is decided
      Then the phase of therapy is concluded to be <phase>
      And preauthorization.needed is concluded to be <needed>

      Examples:
        | what was done                   | procedure | phase       | needed |
        | a screening dose was injected   | 62322     | trial       | no     |
        | a pump was implanted            | 62362     | initial     | yes    |
        | the pump was refilled           | 62369     | refill      | yes    |
        | the pump was reprogrammed only  | 62368     | dose change | yes    |
        | a replacement pump was supplied | E0786     | replacement | yes    |

    Scenario: A screening trial is paid although no authorization is on file
      Given the example screening-dose of Commercial Standard for J0945
      And the claim has plan P1
      And the claim has member id M1
      And the claim has billing npi 1234567893
      And the claim has place of service 11
      And the drug lines carry no JZ
      And the drug lines have no place of service
      And line 2 has no place of service
      And it is known that the length of oral therapy is 6 weeks
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And it asks nothing

    Scenario: It is not even asked whether an authorization for a screening trial is on file
      Given the example refill-without-authorization-record of Commercial Standard for J0945
      But it is known that the phase of therapy is trial
      When the claim is decided
      Then it does not ask for authorization.on_file
      And rule preauthorization-needed does not hold

    Scenario: A first fill without an authorization is denied, however good the clinical case
      Given the example authorized-refill of Commercial Standard for J0945
      But these facts
        | fact                                             | value      |
        | the phase of therapy                             | initial    |
        | the outcome of oral antispasmodics               | inadequate |
        | the length of oral therapy                       | 6 weeks    |
        | the date of the screening trial                  | 2025-02-01 |
        | the response to the screening trial              | favorable  |
        | the decisive screening dose                      | 75 mcg     |
        | the date of the pump implant                     | 2025-03-03 |
        | allergy or hypersensitivity to baclofen          | no         |
        | an active infection                              | no         |
        | a body too small for the pump                    | no         |
        | another programmable device that could interfere | no         |
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-number-missing | CO    | 197  | M62  | 1    |
      And it says "J0945 needs preauthorization; none is on file, and the claim gives no authorization number."

    Scenario: While the phase is not known it cannot be determined that preauthorization is missing
      Given the example authorized-refill of Commercial Standard for J0945
      But nothing is known about the phase of therapy
      And no authorization is on file
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule preauthorization-needed is not known
      And rule authorization-number-missing is not known
      And it asks for the phase of therapy

    Scenario Outline: A claim that asks for payment needs preauthorization, a void does not - <claim>
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim says
        | field       | value       |
        | frequency   | <frequency> |
        | original id | <original>  |
      And no authorization is on file
      When the claim is decided
      Then it is <decision>
      And preauthorization.needed is concluded to be <needed>
      And the reasons are
        | rule   | group   | carc   | rarc   |
        | <rule> | <group> | <carc> | <rarc> |

      Examples:
        | claim               | frequency | original | decision | needed | rule                         | group | carc | rarc |
        | an original claim   | 1         | C-77     | denied   | yes    | authorization-number-missing | CO    | 197  | M62  |
        | a replacement claim | 7         | C-77     | denied   | yes    | authorization-number-missing | CO    | 197  | M62  |
        | a void              | 8         |          | pended   | no     | void-asks-for-nothing        |       |      |      |

  Rule: Where nothing is on file, the reason states whether the claim gave a number

    Scenario: No authorization on file and no number on the claim
      Given the example authorized-refill of Commercial Standard for J0945
      But no authorization is on file
      When the claim is decided
      Then it is denied
      And 0 units are allowed on line 1
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-number-missing | CO    | 197  | M62  | 1    |
      And rule authorization-absent does not hold

    Scenario: The claim gives a number, and nothing is on file
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-100
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | authorization-absent | CO    | 197  |      | 1    |
      And rule authorization-number-missing does not hold
      And it says "none is on file under the number that the claim gives"

    Scenario: A drug line gives the number, and nothing is on file
      Given the example authorized-refill of Commercial Standard for J0945
      But the drug lines have authorization number A-100
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | authorization-absent | CO    | 197  |      | 1    |

    Scenario: A number on the procedure line is not the drug's
      Given the example authorized-refill of Commercial Standard for J0945
      But these claim lines
        | code  | units | authorization number |
        | J0945 | 4     |                      |
        | 62369 | 1     | A-100                |
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And the reason is CO 197 with M62 from rule authorization-number-missing

    Scenario Outline: An authorization number is compared without case, blanks and punctuation
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number <given>
      When the claim is decided
      Then rule authorization-matches holds
      And rule authorization-absent does not hold
      And rule authorization-number-differs does not hold

      Examples:
        | given  |
        | A-100  |
        | a-100  |
        | A100   |
        | a 1.00 |

    Scenario: The number that the claim gives is not on file, but an authorization fits in everything else
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-999
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-number-differs holds
      And rule authorization-absent is not known
      And it says "The claim gives authorization number A-999, which none on file has; authorization A-100 on file fits in everything else that is known."

    Scenario: The number that the claim gives is not on file, and what is on file is another member's
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-999
      And the authorization has member id M2
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | authorization-absent | CO    | 197  |      | 1    |

    Scenario: An authorization whose number is not known may be the one that the claim names
      Given the example authorized-refill of Commercial Standard for J0945
      And the claim has authorization number A-100
      And the authorization has no number
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-absent is not known
      And it first asks for authorization.on_file

    Scenario: Whether an authorization is on file is not known, so the claim waits and the payer is asked
      Given the example refill-without-authorization-record of Commercial Standard for J0945
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-number-missing is not known
      And it first asks for authorization.on_file
      And the information request is CO 252 with N706

    Scenario: A number on the claim does not show that the authorization exists
      Given the example refill-without-authorization-record of Commercial Standard for J0945
      And the claim has authorization number A-100
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-absent is not known
      And it first asks for authorization.on_file

  Rule: An authorization counts once it is approved

    Background:
      Given the example refill-with-authorization-facts of Commercial Standard for J0945
      And these claim lines
        | code  | units |
        | J0945 | 4     |
      And it is known that the phase of therapy is refill

    Scenario: Approved, and it fits: the refill is paid
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And authorization.matches is concluded to be yes
      And it asks nothing

    Scenario: Not decided yet: the claim waits and is not denied
      Given it is known that the status of the authorization is pending
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | authorization-pending |       |      |      | 1    |
      And it says "Authorization A-100 is not decided yet; the claim waits for it."
      And authorization.matches is concluded to be no

    Scenario: Asked for and refused
      Given it is known that the status of the authorization is refused
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | authorization-refused | CO    | 39   | N758 | 1    |
      And authorization.matches is concluded to be no

    Scenario: Canceled, which is the same as none
      Given it is known that the status of the authorization is cancelled
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | authorization-cancelled | CO    | 197  |      | 1    |
      And authorization.matches is concluded to be no

    Scenario: The status is not known: the claim waits and the payer is asked
      Given nothing is known about the status of the authorization
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the status of the authorization

    Scenario Outline: An authorization that is not approved gives no further reason against the claim - <status>
      Given these facts
        | fact                                         | value      |
        | the status of the authorization              | <status>   |
        | the member of the authorization              | M2         |
        | the plan of the authorization                | P2         |
        | the codes of the authorization               | J0475      |
        | the provider of the authorization            | 9876543210 |
        | the last day of the authorization            | 2025-03-02 |
        | the units authorized                         | 0          |
        | the day on which authorization was requested | 2025-03-04 |
      When the claim is decided
      Then the reasons are
        | rule   |
        | <rule> |

      Examples:
        | status    | rule                    |
        | pending   | authorization-pending   |
        | refused   | authorization-refused   |
        | cancelled | authorization-cancelled |

  Rule: A number that is missing on the claim is not an authorization that is missing

    Background:
      Given the example authorized-refill of Commercial Standard for J0945

    Scenario: The payer finds the authorization itself, pays, and tells the biller to give the number
      When the claim is decided
      Then it is approved
      And it advises by rule authorization-number-not-on-claim
      And it says "authorization A-100 on file fits it. Give the number on the claim."

    Scenario: With the number on the claim there is nothing to tell
      Given the claim has authorization number A-100
      When the claim is decided
      Then it is approved
      And there is no reason from rule authorization-number-not-on-claim

    Scenario: With the number on the drug line there is nothing to tell
      Given the drug lines have authorization number A-100
      When the claim is decided
      Then it is approved
      And there is no reason from rule authorization-number-not-on-claim

    Scenario: An authorization that does not fit gets no such note
      Given the claim has member id M2
      When the claim is decided
      Then it is denied
      And there is no reason from rule authorization-number-not-on-claim
