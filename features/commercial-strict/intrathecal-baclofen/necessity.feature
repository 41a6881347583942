Feature: Commercial Strict: age, brain injury, contraindications and replacement

  To the four contraindications of the coverage determination this payer adds an age limit of four years,
  a wait of one year after a traumatic brain injury, and a clinician's review of a psychosis or of a
  history of autonomic dysreflexia.

  Rule: The patient is at least four years old on the day

    Scenario Outline: The age on the day decides: <case>
      Given the example pump-request of Commercial Strict for J0945
      But the request has birth date <birth>
      When the request is decided
      Then it is <decision>
      And rule too-young <truth>

      Examples:
        | case                               | birth      | decision | truth         |
        | the day after the fourth birthday  | 2021-03-02 | approved | does not hold |
        | on the fourth birthday             | 2021-03-03 | approved | does not hold |
        | the day before the fourth birthday | 2021-03-04 | denied   | holds         |
        | on the third birthday              | 2022-03-03 | denied   | holds         |

    Scenario: A claim for a patient who is too young says so
      Given the example pump-request of Commercial Strict for J0945
      But the request has birth date 2021-03-04
      When the request is decided
      Then it is denied
      And the reasons are
        | rule      | group | carc | rarc |
        | too-young | CO    | 6    |      |

    Scenario: An age that is not known is asked for, and not denied
      Given the example pump-request of Commercial Strict for J0945
      But the request has no birth date
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the date of birth

  Rule: A traumatic brain injury is at least a year old

    Background: A request for a new pump, with everything in order
      Given the example pump-request of Commercial Strict for J0945
      And it is known that where the spasticity comes from is traumatic brain injury

    Scenario Outline: The time since the injury decides: <case>
      Given it is known that the date of the brain injury is <injury>
      When the request is decided
      Then it is <decision>
      And the whole years since the brain injury is concluded to be <years>
      And rule recent-brain-injury <truth>

      Examples:
        | case                  | injury     | years | decision               | truth         |
        | ten years             | 2015-03-03 | 10    | approved               | does not hold |
        | a year and a day      | 2024-03-02 | 1     | approved               | does not hold |
        | a year to the day     | 2024-03-03 | 1     | approved               | does not hold |
        | a day short of a year | 2024-03-04 | 0     | recommended for denial | holds         |
        | a week                | 2025-02-24 | 0     | recommended for denial | holds         |

    Scenario: The reason is the payer's own criterion
      Given it is known that the date of the brain injury is 2024-03-04
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                | group | carc | rarc |
        | recent-brain-injury | CO    | 50   | N130 |
      And it says "The brain injury of 2024-03-04 is less than 1 year"

    Scenario Outline: Spasticity of another origin does not wait: <case>
      Given it is known that where the spasticity comes from is <origin>
      And it is known that the date of the brain injury is 2025-02-24
      When the request is decided
      Then it is approved
      And rule recent-brain-injury does not hold

      Examples:
        | case                              | origin         |
        | from the spinal cord              | spinal         |
        | from another disease of the brain | other cerebral |

    Scenario: The origin of the spasticity is asked for
      Given nothing is known about where the spasticity comes from
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule recent-brain-injury is not known
      And it first asks for where the spasticity comes from

    Scenario: The date of a brain injury is asked for
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the date of the brain injury

    Scenario: An injury of long ago settles it before the origin is known
      Given it is known that the date of the brain injury is 2015-03-03
      And nothing is known about where the spasticity comes from
      When the request is decided
      Then it is approved

  Rule: Four contraindications deny, two conditions are reviewed

    Background: A request for a new pump, with everything in order
      Given the example pump-request of Commercial Strict for J0945

    Scenario: A request with everything in order is approved
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario Outline: One contraindication is enough to deny: <case>
      Given it is known that <contraindication> is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N130 |

      Examples:
        | case                                | contraindication                                 |
        | an allergy to the drug              | allergy or hypersensitivity to baclofen          |
        | an active infection                 | an active infection                              |
        | a body too small for the pump       | a body too small for the pump                    |
        | another device that could interfere | another programmable device that could interfere |

    Scenario Outline: A clinician reviews <case>
      Given it is known that <condition> is yes
      When the request is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                     |
        | psychosis-or-dysreflexia |
      And it says "A clinician must review"

      Examples:
        | case                               | condition                          |
        | a psychosis                        | a psychosis                        |
        | a history of autonomic dysreflexia | a history of autonomic dysreflexia |

    Scenario: Both conditions are one reason to review
      Given it is known that contraindication.psychosis is yes
      And it is known that contraindication.autonomic_dysreflexia is yes
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                     |
        | psychosis-or-dysreflexia |

    Scenario Outline: What has no answer is asked for, and not denied: <case>
      Given nothing is known about <unanswered>
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for <unanswered>
      And the information request is CO 252 with N706

      Examples:
        | case                                | unanswered                                       |
        | an allergy to the drug              | allergy or hypersensitivity to baclofen          |
        | an active infection                 | an active infection                              |
        | a body too small for the pump       | a body too small for the pump                    |
        | another device that could interfere | another programmable device that could interfere |
        | a psychosis                         | a psychosis                                      |
        | a history of autonomic dysreflexia  | a history of autonomic dysreflexia               |

    Scenario: Everything that is wrong is reported at once
      Given the request has birth date 2022-03-03
      And these facts
        | fact                                                   | value                  |
        | whether physical therapy was given beside oral therapy | no                     |
        | how long the response lasted                           | 3 hours                |
        | where the spasticity comes from                        | traumatic brain injury |
        | the date of the brain injury                           | 2025-01-03             |
        | an active infection                                    | yes                    |
        | a psychosis                                            | yes                    |
      When the request is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc |
        | contraindicated          | CO    | 50   | N130 |
        | oral-therapy-not-shown   | CO    | 50   | N130 |
        | psychosis-or-dysreflexia |       |      |      |
        | recent-brain-injury      | CO    | 50   | N130 |
        | too-young                | CO    | 6    |      |
        | trial-not-shown          | CO    | 50   | N674 |

  Rule: A screening dose is held to the same, but for the size of the body and other devices

    Scenario Outline: It is decided by what is known of the patient: <case>
      Given the example screening-request of Commercial Strict for J0945
      And it is known that <fact and value>
      When the request is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                        | fact and value                                          | decision               | rule                     | truth         |
        | an allergy                  | allergy or hypersensitivity to baclofen is yes          | recommended for denial | contraindicated          | holds         |
        | an active infection         | an active infection is yes                              | recommended for denial | contraindicated          | holds         |
        | a body too small for a pump | a body too small for the pump is yes                    | approved               | contraindicated          | does not hold |
        | another device              | another programmable device that could interfere is yes | approved               | contraindicated          | does not hold |
        | a psychosis                 | a psychosis is yes                                      | pended                 | psychosis-or-dysreflexia | holds         |
        | autonomic dysreflexia       | a history of autonomic dysreflexia is yes               | pended                 | psychosis-or-dysreflexia | holds         |

    Scenario Outline: It is decided by the age on the day: <case>
      Given the example screening-request of Commercial Strict for J0945
      But the request has birth date <birth>
      When the request is decided
      Then it is <decision>
      And rule too-young <truth>

      Examples:
        | case                               | birth      | decision | truth         |
        | on the fourth birthday             | 2021-03-03 | approved | does not hold |
        | the day before the fourth birthday | 2021-03-04 | denied   | holds         |

    Scenario Outline: It waits a year after a brain injury: <case>
      Given the example screening-request of Commercial Strict for J0945
      But it is known that where the spasticity comes from is traumatic brain injury
      And it is known that the date of the brain injury is <injury>
      When the request is decided
      Then it is <decision>
      And rule recent-brain-injury <truth>

      Examples:
        | case                  | injury     | decision               | truth         |
        | a year to the day     | 2024-03-03 | approved               | does not hold |
        | a day short of a year | 2024-03-04 | recommended for denial | holds         |

  Rule: None of this stops the care of a pump that is in place

    Scenario Outline: It does not matter to <case>
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the request has birth date 2022-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                             | value                  |
        | the phase of therapy                             | <phase>                |
        | the reason for the replacement                   | end of battery         |
        | where the spasticity comes from                  | traumatic brain injury |
        | the date of the brain injury                     | 2025-01-03             |
        | allergy or hypersensitivity to baclofen          | yes                    |
        | an active infection                              | yes                    |
        | a body too small for the pump                    | yes                    |
        | another programmable device that could interfere | yes                    |
        | a psychosis                                      | yes                    |
        | a history of autonomic dysreflexia               | yes                    |
      When the request is decided
      Then it is approved
      And rule contraindicated does not hold
      And rule psychosis-or-dysreflexia does not hold
      And rule recent-brain-injury does not hold
      And rule too-young does not hold

      Examples:
        | case                       | phase             |
        | a refill                   | refill            |
        | a change of the dose       | dose change       |
        | a revision of the catheter | catheter revision |
        | a replacement              | replacement       |

    Scenario Outline: A void of <case> that names no claim is asked which one, whatever is known of the patient
      Given a claim to Commercial Strict for J0945 on 2025-03-03
      And the claim has frequency 8
      And the claim has birth date 2022-03-03
      And the diagnoses G82.51
      And these claim lines
        | code        | modifiers | units | place of service |
        | J0945       | JZ        | 1     | 11               |
        | <procedure> |           | 1     | 11               |
      And these facts
        | fact                                          | value                  |
        | the outcome of oral antispasmodics            | not tried              |
        | the decisive screening dose                   | 125 mcg                |
        | the number of screening doses given           | 2                      |
        | the time between the last two screening doses | 6 hours                |
        | where the spasticity comes from               | traumatic brain injury |
        | the date of the brain injury                  | 2025-01-03             |
        | an active infection                           | yes                    |
        | a psychosis                                   | yes                    |
        | the documents received                        | none                   |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case             | procedure |
        | a screening dose | 62322     |
        | a first fill     | 62362     |

  Rule: A pump is replaced at the end of its battery, or when it cannot be repaired

    Scenario Outline: The reason decides: <case>
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                           | value       |
        | the phase of therapy           | replacement |
        | the reason for the replacement | <reason>    |
      When the request is decided
      Then it is <decision>
      And rule replacement-not-needed <truth>

      Examples:
        | case                      | reason         | decision               | truth         |
        | the battery is at its end | end of battery | approved               | does not hold |
        | it cannot be repaired     | irreparable    | approved               | does not hold |
        | a newer model is wanted   | upgrade        | recommended for denial | holds         |
        | any other reason          | other          | recommended for denial | holds         |
        | not stated                |                | pended                 | is not known  |
