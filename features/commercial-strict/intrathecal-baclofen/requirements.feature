Feature: Commercial Strict: what does the policy for intrathecal baclofen require?

  A question, of which only payer, plan and code are known. The answer tells what is decided already, and
  what is still unknown, the most useful question first. It never denies for what is not known.

  Background:
    Given a question to Commercial Strict about J0945 on 2025-03-03
    And the request has plan P1

  Rule: Payer, plan and code alone

    Scenario: Nothing is decided, and the first question is the diagnosis
      When the question is asked
      Then it is pended
      And no rule denies it
      And it first asks for the diagnoses
      And it asks for the phase of therapy
      And the information request is CO 252 with N706

    Scenario: Which phases need preauthorization is answered at once
      When the question is asked
      Then policy.preauthorizes_trials is concluded to be yes
      And policy.preauthorizes_pumps is concluded to be yes
      And policy.preauthorizes_refills is concluded to be yes

    Scenario: Whether this service needs it depends on its phase
      When the question is asked
      Then rule preauthorization-needed is not known

    Scenario: A request beforehand is not asked for an authorization
      When the question is asked
      Then it does not ask for authorization.on_file
      And it does not ask for authorization.number_on_claim
      And it does not ask for authorization.emergency

    Scenario: What this payer looks at and others do not is asked
      When the question is asked
      Then it asks for oral_therapy.with_physical_therapy
      And it asks for the Ashworth grade before the trial
      And it asks for the spasm score before the trial
      And it asks for where the spasticity comes from
      And it asks for a psychosis

    Scenario: What only a claim must bring is not asked beforehand
      When the question is asked
      Then it does not ask for ndc.on_every_line
      And it does not ask for the documents received
      And it does not ask for the modifiers on the drug lines

    Scenario: The official code list's other reading of J0945 is noted
      When the question is asked
      Then it advises by rule code-identity-note
      And it says "baclofen is J0475 (10 mg) and J0476 (50 mcg, trial)"

    Scenario: A good diagnosis is the first step
      Given the diagnoses G82.51
      When the question is asked
      Then it is pended
      And it first asks for the phase of therapy

    Scenario: A diagnosis that supports nothing ends the matter
      Given the diagnoses E11.9
      When the question is asked
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc |
        | diagnosis-not-covered | CO    | 11   | M76  |

  Rule: The phase is known as well

    Scenario Outline: Is preauthorization needed for this phase? - <phase>
      Given it is known that the phase of therapy is <phase>
      When the question is asked
      Then preauthorization.needed is concluded to be <needed>
      And preauthorization.enforced is concluded to be no

      Examples:
        | phase             | needed |
        | trial             | yes    |
        | initial           | yes    |
        | refill            | yes    |
        | dose change       | yes    |
        | catheter revision | yes    |
        | replacement       | yes    |

    Scenario Outline: A screening trial asks for <fact>
      Given the diagnoses G82.51
      And it is known that the phase of therapy is trial
      When the question is asked
      Then it is pended
      And it asks for <fact>
      And it does not ask for the response to the screening trial
      And it does not ask for a body too small for the pump

      Examples:
        | fact                                           |
        | the outcome of oral antispasmodics             |
        | the length of oral therapy                     |
        | physical therapy was given beside oral therapy |
        | where the spasticity comes from                |
        | allergy or hypersensitivity to baclofen        |
        | an active infection                            |
        | a psychosis                                    |
        | a history of autonomic dysreflexia             |
        | patient.birth_date                             |

    Scenario Outline: A pump and its first fill ask for <fact>
      Given the diagnoses G82.51
      And it is known that the phase of therapy is initial
      When the question is asked
      Then it is pended
      And it asks for <fact>

      Examples:
        | fact                                             |
        | the outcome of oral antispasmodics               |
        | the length of oral therapy                       |
        | physical therapy was given beside oral therapy   |
        | the Ashworth grade before the trial              |
        | the Ashworth grade after the trial               |
        | the spasm score before the trial                 |
        | the spasm score after the trial                  |
        | how long the response lasted                     |
        | the response to the screening trial              |
        | the decisive screening dose                      |
        | where the spasticity comes from                  |
        | a psychosis                                      |
        | a history of autonomic dysreflexia               |
        | allergy or hypersensitivity to baclofen          |
        | an active infection                              |
        | a body too small for the pump                    |
        | another programmable device that could interfere |
        | patient.birth_date                               |

    Scenario: For a pump the first questions are the age and how oral therapy went
      Given the diagnoses G82.51
      And it is known that the phase of therapy is initial
      When the question is asked
      Then it first asks for patient.birth_date
      And it asks for the outcome of oral antispasmodics

    Scenario Outline: A refill asks for the diagnosis only - <phase>
      Given it is known that the phase of therapy is <phase>
      When the question is asked
      Then it is pended
      And it first asks for the diagnoses
      And it does not ask for the outcome of oral antispasmodics
      And it does not ask for the response to the screening trial
      And it does not ask for an active infection

      Examples:
        | phase             |
        | refill            |
        | dose change       |
        | catheter revision |

    Scenario: A refill with a good diagnosis leaves no question
      Given the diagnoses G82.51
      And it is known that the phase of therapy is refill
      When the question is asked
      Then it is approved
      And it asks nothing

    Scenario: A replacement pump asks why it is replaced
      Given the diagnoses G82.51
      And it is known that the phase of therapy is replacement
      When the question is asked
      Then it is pended
      And it first asks for the reason for the replacement

  Rule: Answers settle questions

    Scenario: Intolerance makes the length of oral therapy irrelevant
      Given the diagnoses G82.51
      And it is known that the phase of therapy is trial
      And it is known that the outcome of oral antispasmodics is not tolerated
      When the question is asked
      Then it is pended
      And it does not ask for the length of oral therapy
      And it does not ask for oral_therapy.with_physical_therapy

    Scenario: An infection ends the matter for trial and pump, and asks no more
      Given the diagnoses G82.51
      And it is known that the phase of therapy is initial
      And it is known that contraindication.active_infection is yes
      When the question is asked
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N130 |
      And it asks nothing
