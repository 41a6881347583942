Feature: Commercial Standard: age, contraindications and replacement

  This payer follows the label in its age limit of four years, and the coverage determination in its four
  contraindications. It says nothing of recent brain injuries or of the mind.

  Rule: The patient is at least four years old on the day

    Background: A request for a new pump; only the age is still unknown
      Given the example pump-request of Commercial Standard for J0945
      And the diagnoses G80.0

    Scenario Outline: Old enough: <case>
      Given the request has birth date <birth>
      When the request is decided
      Then it is approved
      And the age on the date of service is concluded to be <age>
      And rule too-young does not hold

      Examples:
        | case                   | birth      | age |
        | on the fourth birthday | 2021-03-03 | 4   |
        | the day after it       | 2021-03-02 | 4   |
        | an adult               | 1980-01-01 | 45  |

    Scenario Outline: Too young: <case>
      Given the request has birth date <birth>
      When the request is decided
      Then it is denied
      And the reasons are
        | rule      | group | carc | rarc |
        | too-young | CO    | 6    |      |
      And the age on the date of service is concluded to be <age>
      And it says "coverage begins at 4 years"

      Examples:
        | case                               | birth      | age |
        | the day before the fourth birthday | 2021-03-04 | 3   |
        | on the third birthday              | 2022-03-03 | 3   |
        | a newborn                          | 2025-03-03 | 0   |

    Scenario: An age that is not known is asked for, and not denied
      Given the request has no birth date
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule too-young is not known
      And it first asks for the date of birth

  Rule: The fourth birthday of a child born on 29 February

    Scenario Outline: Born on 2020-02-29, <case>
      Given the example screening-request of Commercial Standard for J0945 on <date>
      But the request has birth date 2020-02-29
      And the request has no plan
      And the request has no member id
      And the request has no billing npi
      And the diagnoses G80.0
      And it is known that the length of oral therapy is 42 days
      When the request is decided
      Then it is <decision>
      And rule too-young <truth>

      Examples:
        | case              | date       | decision | truth         |
        | the day before    | 2024-02-28 | denied   | holds         |
        | on the day itself | 2024-02-29 | approved | does not hold |

  Rule: The age limit is for screening doses and new pumps

    Scenario Outline: A screening dose at the age limit: <case>
      Given the example screening-dose of Commercial Standard for J0945
      But the claim has birth date <birth>
      And the diagnoses G80.0
      When the claim is decided
      Then it is <decision>
      And rule too-young <truth>

      Examples:
        | case                               | birth      | decision | truth         |
        | on the fourth birthday             | 2021-03-03 | approved | does not hold |
        | the day before the fourth birthday | 2021-03-04 | denied   | holds         |

    Scenario Outline: A child below it whose pump is in place continues: <case>
      Given a preauthorization request to Commercial Standard for J0945 on 2025-03-03
      And the request has birth date 2022-03-03
      And the diagnoses G80.0
      And it is known that the phase of therapy is <phase>
      And it is known that the reason for the replacement is end of battery
      When the request is decided
      Then it is approved
      And rule too-young does not hold

      Examples:
        | case                       | phase             |
        | a refill                   | refill            |
        | a change of the dose       | dose change       |
        | a revision of the catheter | catheter revision |
        | a replacement              | replacement       |

    Scenario: A void for a child below it that names no claim is asked which one, and nothing else
      Given a claim to Commercial Standard for J0945 on 2025-03-03
      And the claim has frequency 8
      And the claim has birth date 2022-03-03
      And the diagnoses G80.0
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 1     | 11               |
        | 62322 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: No contraindication to a pump may be present

    Background: A request for a new pump, with everything in order
      Given the example pump-request of Commercial Standard for J0945

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

    Scenario Outline: A contraindication without an answer is asked for, and not denied: <case>
      Given nothing is known about <contraindication>
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for <contraindication>

      Examples:
        | case                                | contraindication                                 |
        | an allergy to the drug              | allergy or hypersensitivity to baclofen          |
        | an active infection                 | an active infection                              |
        | a body too small for the pump       | a body too small for the pump                    |
        | another device that could interfere | another programmable device that could interfere |

    Scenario: A brain injury of last month does not count against the patient
      Given it is known that where the spasticity comes from is traumatic brain injury
      And it is known that the date of the brain injury is 2025-02-03
      When the request is decided
      Then it is approved
      And rule recent-brain-injury does not hold

    Scenario Outline: A clinician need not look at <case>
      Given it is known that <condition> is yes
      When the request is decided
      Then it is approved
      And rule psychosis-or-dysreflexia does not hold

      Examples:
        | case                               | condition                          |
        | a psychosis                        | a psychosis                        |
        | a history of autonomic dysreflexia | a history of autonomic dysreflexia |

  Rule: Only an allergy and an infection speak against a screening dose

    Scenario Outline: <case> denies it
      Given the example screening-dose of Commercial Standard for J0945
      And it is known that <contraindication> is yes
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc | line |
        | contraindicated | CO    | 50   | N130 | 1    |

      Examples:
        | case                | contraindication                        |
        | An allergy          | allergy or hypersensitivity to baclofen |
        | An active infection | an active infection                     |

    Scenario Outline: <case> only matters to a pump
      Given the example screening-dose of Commercial Standard for J0945
      And it is known that <contraindication> is yes
      When the claim is decided
      Then it is approved
      And rule contraindicated does not hold

      Examples:
        | case                                | contraindication                                 |
        | A body too small for it             | a body too small for the pump                    |
        | Another device that could interfere | another programmable device that could interfere |

    Scenario: A void in spite of an allergy that names no claim is asked which one, and nothing else
      Given the example screening-dose of Commercial Standard for J0945
      And the claim has frequency 8
      And it is known that contraindication.hypersensitivity is yes
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: A contraindication does not stop the care of a pump that is in place

    Scenario Outline: It does not matter to <case>
      Given a preauthorization request to Commercial Standard for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                             | value       |
        | the phase of therapy                             | <phase>     |
        | the reason for the replacement                   | irreparable |
        | allergy or hypersensitivity to baclofen          | yes         |
        | an active infection                              | yes         |
        | a body too small for the pump                    | yes         |
        | another programmable device that could interfere | yes         |
      When the request is decided
      Then it is approved
      And rule contraindicated does not hold

      Examples:
        | case                       | phase             |
        | a refill                   | refill            |
        | a change of the dose       | dose change       |
        | a revision of the catheter | catheter revision |
        | a replacement              | replacement       |

  Rule: A pump is replaced at the end of its battery, or when it cannot be repaired

    Background: A request for a new pump in place of an old one
      Given a preauthorization request to Commercial Standard for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is replacement

    Scenario Outline: The reason decides: <case>
      Given it is known that the reason for the replacement is <reason>
      When the request is decided
      Then it is <decision>
      And rule replacement-not-needed <truth>

      Examples:
        | case                      | reason         | decision               | truth         |
        | the battery is at its end | end of battery | approved               | does not hold |
        | it cannot be repaired     | irreparable    | approved               | does not hold |
        | a newer model is wanted   | upgrade        | recommended for denial | holds         |
        | any other reason          | other          | recommended for denial | holds         |

    Scenario: A pump that still works is not replaced for a newer model
      Given it is known that the reason for the replacement is upgrade
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | replacement-not-needed | CO    | 50   | N661 |

    Scenario: A request that gives no reason is asked for it
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the reason for the replacement
