Feature: Medicare: the diagnosis must be one of severe spasticity, valid on the day

  The drug is for severe spasticity that comes from the brain or the spinal cord. The list of supporting
  diagnoses is a choice of this project: the coverage determination has none. A code must be valid on
  the date of service and coded to its full length.

  Rule: A supporting diagnosis is enough

    Scenario Outline: <case> supports the drug
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is approved
      And rule diagnosis-not-covered does not hold

      Examples:
        | case                                  | diagnosis |
        | Multiple sclerosis                    | G35       |
        | Spastic quadriplegic cerebral palsy   | G80.0     |
        | Spastic diplegic cerebral palsy       | G80.1     |
        | Spastic hemiplegic cerebral palsy     | G80.2     |
        | Hereditary spastic paraplegia         | G11.4     |
        | Spastic hemiplegia                    | G81.11    |
        | Paraplegia                            | G82.21    |
        | Quadriplegia                          | G82.51    |
        | Stiff-man syndrome                    | G25.82    |
        | Amyotrophic lateral sclerosis         | G12.21    |
        | Hemiplegia after a stroke             | I69.351   |
        | A late effect of a spinal cord injury | S14.109S  |
        | A late effect of a brain injury       | S06.2X9S  |

    Scenario Outline: A code means the same however it is written: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <written>
      When the claim is decided
      Then it is approved
      And the diagnoses is concluded to be G82.51

      Examples:
        | case                 | written |
        | with its dot         | G82.51  |
        | without its dot      | G8251   |
        | in small letters     | g82.51  |
        | small, without a dot | g8251   |

    Scenario Outline: One supporting diagnosis among others is enough: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnoses>
      When the claim is decided
      Then it is approved
      And it asks nothing

      Examples:
        | case                         | diagnoses                      |
        | after a symptom              | R25.2 and G82.51               |
        | before a symptom             | G82.51 and R25.2               |
        | beside the state of the pump | Z45.1 and G80.0                |
        | beside another disease       | E11.9 and G82.51               |
        | beside all three             | R25.2, Z45.1, E11.9 and G82.51 |
        | two that support it          | G82.51 and G80.0               |

  Rule: A symptom does not say what causes the spasticity

    Scenario Outline: The cause is asked for, and the claim is not denied: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnoses>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | diagnosis-needs-cause | CO    | 16   | M76  | 1    |
      And it says "Which condition of the brain or spinal cord does?"
      And rule diagnosis-not-covered does not hold

      Examples:
        | case                          | diagnoses         |
        | cramp and spasm               | R25.2             |
        | muscle spasm of the back      | M62.830           |
        | muscle spasm of the calf      | M62.831           |
        | another muscle spasm          | M62.838           |
        | a contracture of muscle       | M62.462           |
        | athetoid cerebral palsy       | G80.3             |
        | cerebral palsy, unspecified   | G80.9             |
        | dystonia                      | G24.1             |
        | a symptom and the pump        | R25.2 and Z45.1   |
        | a symptom and another disease | R25.2 and E11.9   |
        | two symptoms                  | R25.2 and M62.838 |

    Scenario Outline: The state of the pump is no diagnosis: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnoses>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | diagnosis-only-pump-status | CO    | 16   | M76  | 1    |
      And it says "Which diagnosis is it for?"
      And rule diagnosis-not-covered does not hold

      Examples:
        | case                   | diagnoses       |
        | alone                  | Z45.1           |
        | beside another disease | Z45.1 and E11.9 |

  Rule: Another disease does not support the drug

    Background:
      Given a claim to Medicare for J0945 on 2025-03-03
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |

    Scenario Outline: It is denied: <case>
      Given the diagnoses <diagnoses>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | diagnosis-not-covered | CO    | 11   | M76  | 1    |

      Examples:
        | case                                    | diagnoses        |
        | diabetes                                | E11.9            |
        | low back pain                           | M54.50           |
        | two that do not support it              | E11.9 and M54.50 |
        | a spinal cord injury that is still new  | S14.109A         |
        | a code that only begins like a good one | G82.519          |
        | hemiplegia that is flaccid              | G81.01           |

    Scenario: It is denied where the claim has no diagnosis at all
      Given it is known that the diagnoses is none
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc |
        | diagnosis-not-covered | CO    | 11   | M76  |

    Scenario: Diagnoses that have not come yet are asked for
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the diagnoses
      And the information request is CO 252 with N706

  Rule: A category is no diagnosis: the code must have its full length

    Background:
      Given the example refill-with-procedure of Medicare for J0945

    Scenario Outline: The category alone is denied: <case>
      Given the diagnoses <diagnosis>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc    | line |
        | diagnosis-header | CO    | 16   | M76 M81 | 1    |
      And rule diagnosis-not-covered does not hold

      Examples:
        | case                          | diagnosis |
        | cerebral palsy                | G80       |
        | hemiplegia                    | G81       |
        | spastic hemiplegia            | G81.1     |
        | paraplegia and quadriplegia   | G82       |
        | paraplegia                    | G82.2     |
        | quadriplegia                  | G82.5     |
        | quadriplegia, without its dot | g825      |
        | motor neuron disease          | G12.2     |
        | muscle spasm                  | M62.83    |
        | involuntary movements         | R25       |
        | hemiplegia after a stroke     | I69.35    |
        | injury of the spinal cord     | S14.1     |

    Scenario: A category beside a good diagnosis is still denied
      Given the diagnoses G82.51 and G80
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc    |
        | diagnosis-header | CO    | 16   | M76 M81 |

    Scenario: A category beside a symptom is denied for the one and asked about for the other
      Given the diagnoses G82.5 and R25.2
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc    |
        | diagnosis-header      | CO    | 16   | M76 M81 |
        | diagnosis-needs-cause | CO    | 16   | M76     |

    Scenario: A category beside the state of the pump is denied for the one and asked about for the other
      Given the diagnoses G82.5 and Z45.1
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                       | group | carc | rarc    |
        | diagnosis-header           | CO    | 16   | M76 M81 |
        | diagnosis-only-pump-status | CO    | 16   | M76     |

  Rule: Multiple sclerosis is coded in full from 2025-10-01

    Scenario Outline: <diagnosis> supports the drug on <date>
      Given the example refill-with-procedure of Medicare for J0945 on <date>
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is approved

      Examples: The old code, through its last day
        | case            | diagnosis | date       |
        | long before     | G35       | 2024-01-15 |
        | on its last day | G35       | 2025-09-30 |

      Examples: The new codes, from their first day
        | case                         | diagnosis | date       |
        | relapsing-remitting          | G35.A     | 2025-10-01 |
        | the same without its dot     | g35a      | 2025-10-01 |
        | primary progressive          | G35.B0    | 2025-10-01 |
        | primary progressive active   | G35.B1    | 2025-10-01 |
        | primary, not active          | G35.B2    | 2025-10-01 |
        | secondary progressive        | G35.C0    | 2025-10-01 |
        | secondary progressive active | G35.C1    | 2025-10-01 |
        | secondary, not active        | G35.C2    | 2025-10-01 |
        | unspecified                  | G35.D     | 2025-10-01 |
        | a year later                 | G35.A     | 2026-10-01 |

    Scenario Outline: The old code G35 is no longer valid: <case>
      Given the example refill-with-procedure of Medicare for J0945 on <date>
      But the diagnoses <diagnoses>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                      | group | carc | rarc | line |
        | diagnosis-invalid-on-date | CO    | 146  | M76  | 1    |
      And it says "G35 alone ended on 2025-09-30"

      Examples:
        | case                          | diagnoses      | date       |
        | on the first day              | G35            | 2025-10-01 |
        | a year later                  | G35            | 2026-10-01 |
        | beside the right new code     | G35 and G35.A  | 2025-10-01 |
        | beside another good diagnosis | G82.51 and G35 | 2025-10-01 |

    Scenario: The claim's date of service counts, not the day on which it arrives
      Given the example refill-with-procedure of Medicare for J0945 on 2025-09-30
      And the claim has received 2025-12-15
      And the diagnoses G35
      When the claim is decided
      Then it is approved

    Scenario Outline: A new code is no diagnosis before its first day: <case>
      Given the example refill-with-procedure of Medicare for J0945 on 2025-09-30
      But the diagnoses <diagnoses>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                      | group | carc | rarc | line |
        | diagnosis-invalid-on-date | CO    | 146  | M76  | 1    |

      Examples:
        | case                          | diagnoses        |
        | relapsing-remitting           | G35.A            |
        | unspecified                   | G35.D            |
        | a category that is to come    | G35.B            |
        | beside the code of that day   | G35 and G35.A    |
        | beside another good diagnosis | G82.51 and G35.D |

Scenario Outline: The categories among the new codes are not billable: <case>
  Given the example refill-with-procedure of Medicare for J0945 on 2025-10-01
  But the diagnoses <diagnosis>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc    | line |
        | diagnosis-header | CO    | 16   | M76 M81 | 1    |

      Examples:
        | case                  | diagnosis |
        | primary progressive   | G35.B     |
        | secondary progressive | G35.C     |

    Scenario: One claim over both days needs a code for each
      Given the example refill-with-procedure of Medicare for J0945 on 2025-10-01
      But the diagnoses G35 and G35.A
      And these claim lines
        | code  | modifiers | units | place of service | date       | diagnosis pointers |
        | J0945 | JZ        | 4     | 11               | 2025-09-30 | 1                  |
        | 62369 |           | 1     | 11               | 2025-09-30 | 1                  |
        | J0945 | JZ        | 4     | 11               | 2025-10-01 | 2                  |
        | 62369 |           | 1     | 11               | 2025-10-01 | 2                  |
      When the claim is decided
      Then it is approved

    Scenario: The old code for both days is denied on the second only
      Given the example refill-with-procedure of Medicare for J0945 on 2025-10-01
      But the diagnoses G35
      And these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 4     | 11               | 2025-09-30 |
        | 62369 |           | 1     | 11               | 2025-09-30 |
        | J0945 | JZ        | 4     | 11               | 2025-10-01 |
        | 62369 |           | 1     | 11               | 2025-10-01 |
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 3 is denied
      And the reason is CO 146 with M76 from rule diagnosis-invalid-on-date

  Rule: A drug line is judged by the diagnoses it points to

    Background:
      Given the example refill-with-waste-and-procedure of Medicare for J0945

    Scenario Outline: It points to the diagnosis that supports it: <case>
      Given the diagnoses R25.2, G82.51 and E11.9
      And these claim lines
        | code  | modifiers | units | place of service | diagnosis pointers |
        | J0945 | JZ        | 4     | 11               | <pointers>         |
        | 62369 |           | 1     | 11               | 1                  |
      When the claim is decided
      Then it is approved

      Examples:
        | case                     | pointers |
        | to that alone            | 2        |
        | to that after a symptom  | 1 2      |
        | to all of them           | 1 2 3    |
        | to none, which means all |          |

    Scenario Outline: It points past the diagnosis that supports it: <case>
      Given the diagnoses R25.2, G82.51 and E11.9
      And these claim lines
        | code  | modifiers | units | place of service | diagnosis pointers |
        | J0945 | JZ        | 4     | 11               | <pointers>         |
        | 62369 |           | 1     | 11               | 2                  |
      When the claim is decided
      Then it is <decision>
      And the reasons are
        | rule   | group | carc   | rarc |
        | <rule> | CO    | <carc> | M76  |

      Examples:
        | case               | pointers | decision | rule                  | carc |
        | to the symptom     | 1        | pended   | diagnosis-needs-cause | 16   |
        | to another disease | 3        | denied   | diagnosis-not-covered | 11   |
        | to both of them    | 1 3      | pended   | diagnosis-needs-cause | 16   |

    Scenario: A wrong code that the drug line does not point to does not count against it
      Given the diagnoses G82.51 and G80
      And these claim lines
        | code  | modifiers | units | place of service | diagnosis pointers |
        | J0945 | JZ        | 4     | 11               | 1                  |
        | 62369 |           | 1     | 11               | 2                  |
      When the claim is decided
      Then it is approved

    Scenario: A pointer to a diagnosis that the claim does not have makes no claim
      Given these claim lines
        | code  | modifiers | units | place of service | diagnosis pointers |
        | J0945 | JZ        | 4     | 11               | 3                  |
        | 62369 |           | 1     | 11               | 1                  |
      When the claim is decided
      Then the claim is refused because "points to diagnosis 3; the claim lists 1"

  Rule: The diagnosis matters in every phase, and before the service too

    Scenario Outline: A wrong diagnosis denies <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses E11.9
      And the drug lines have units <units>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is denied
      And the reason is CO 11 with M76 from rule diagnosis-not-covered

      Examples:
        | case                              | procedure | units |
        | a screening dose                  | 62322     | 1     |
        | a first fill                      | 62362     | 4     |
        | a refill                          | 62369     | 4     |
        | a change of the dose              | 62368     | 4     |
        | a new pump in place of an old one | E0786     | 4     |

    Scenario Outline: A request before the service is judged like the claim: <case>
      Given a preauthorization request to Medicare for J0945 on 2025-10-01
      And the diagnoses <diagnosis>
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is <decision>
      And rule <rule> holds

      Examples:
        | case                  | diagnosis | decision | rule                       |
        | another disease       | E11.9     | denied   | diagnosis-not-covered      |
        | a category            | G82.5     | denied   | diagnosis-header           |
        | the old code          | G35       | denied   | diagnosis-invalid-on-date  |
        | a symptom             | R25.2     | pended   | diagnosis-needs-cause      |
        | the state of the pump | Z45.1     | pended   | diagnosis-only-pump-status |

    Scenario Outline: A void is not judged by its diagnosis: <case>
      Given the example refill-with-procedure of Medicare for J0945 on 2025-10-01
      And the claim has frequency 8
      And the diagnoses <diagnosis>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case                  | diagnosis |
        | another disease       | E11.9     |
        | a category            | G82.5     |
        | the old code          | G35       |
        | a symptom             | R25.2     |
        | the state of the pump | Z45.1     |
