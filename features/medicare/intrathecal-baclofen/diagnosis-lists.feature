Feature: Medicare: every diagnosis of the lists, one by one

  The lists are choices of this project, so each code is shown with what follows from it. Anyone who strikes
  a code from a list, or adds one, sees here what it changes. G35 and its later codes are in
  `diagnosis.feature`, since they depend on the date.

  Rule: A cause of severe spasticity supports the drug

    Scenario Outline: It is approved: <diagnosis>, <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is approved

      Examples:
        | case                                                                            | diagnosis |
        | Spastic quadriplegic cerebral palsy                                             | G80.0     |
        | Spastic diplegic cerebral palsy                                                 | G80.1     |
        | Spastic hemiplegic cerebral palsy                                               | G80.2     |
        | Hereditary spastic paraplegia                                                   | G11.4     |
        | Spastic hemiplegia affecting unspecified side                                   | G81.10    |
        | Spastic hemiplegia affecting right dominant side                                | G81.11    |
        | Spastic hemiplegia affecting left dominant side                                 | G81.12    |
        | Spastic hemiplegia affecting right nondominant side                             | G81.13    |
        | Spastic hemiplegia affecting left nondominant side                              | G81.14    |
        | Paraplegia, unspecified                                                         | G82.20    |
        | Paraplegia, complete                                                            | G82.21    |
        | Paraplegia, incomplete                                                          | G82.22    |
        | Quadriplegia, unspecified                                                       | G82.50    |
        | Quadriplegia, C1-C4 complete                                                    | G82.51    |
        | Quadriplegia, C1-C4 incomplete                                                  | G82.52    |
        | Quadriplegia, C5-C7 complete                                                    | G82.53    |
        | Quadriplegia, C5-C7 incomplete                                                  | G82.54    |
        | Stiff-man syndrome                                                              | G25.82    |
        | Motor neuron disease, unspecified                                               | G12.20    |
        | Amyotrophic lateral sclerosis                                                   | G12.21    |
        | Primary lateral sclerosis                                                       | G12.23    |
        | Other motor neuron disease                                                      | G12.29    |
        | Hemiplegia and hemiparesis following nontraumatic subarachnoid hemorrhage       | I69.051   |
        | Hemiplegia and hemiparesis following nontraumatic subarachnoid hemorrhage       | I69.052   |
        | Hemiplegia and hemiparesis following nontraumatic subarachnoid hemorrhage       | I69.053   |
        | Hemiplegia and hemiparesis following nontraumatic subarachnoid hemorrhage       | I69.054   |
        | Hemiplegia and hemiparesis following nontraumatic subarachnoid hemorrhage       | I69.059   |
        | Hemiplegia and hemiparesis following nontraumatic intracerebral hemorrhage      | I69.151   |
        | Hemiplegia and hemiparesis following nontraumatic intracerebral hemorrhage      | I69.152   |
        | Hemiplegia and hemiparesis following nontraumatic intracerebral hemorrhage      | I69.153   |
        | Hemiplegia and hemiparesis following nontraumatic intracerebral hemorrhage      | I69.154   |
        | Hemiplegia and hemiparesis following nontraumatic intracerebral hemorrhage      | I69.159   |
        | Hemiplegia and hemiparesis following other nontraumatic intracranial hemorrhage | I69.251   |
        | Hemiplegia and hemiparesis following other nontraumatic intracranial hemorrhage | I69.252   |
        | Hemiplegia and hemiparesis following other nontraumatic intracranial hemorrhage | I69.253   |
        | Hemiplegia and hemiparesis following other nontraumatic intracranial hemorrhage | I69.254   |
        | Hemiplegia and hemiparesis following other nontraumatic intracranial hemorrhage | I69.259   |
        | Hemiplegia and hemiparesis following cerebral infarction                        | I69.351   |
        | Hemiplegia and hemiparesis following cerebral infarction                        | I69.352   |
        | Hemiplegia and hemiparesis following cerebral infarction                        | I69.353   |
        | Hemiplegia and hemiparesis following cerebral infarction                        | I69.354   |
        | Hemiplegia and hemiparesis following cerebral infarction                        | I69.359   |
        | Hemiplegia and hemiparesis following other cerebrovascular disease              | I69.851   |
        | Hemiplegia and hemiparesis following other cerebrovascular disease              | I69.852   |
        | Hemiplegia and hemiparesis following other cerebrovascular disease              | I69.853   |
        | Hemiplegia and hemiparesis following other cerebrovascular disease              | I69.854   |
        | Hemiplegia and hemiparesis following other cerebrovascular disease              | I69.859   |
        | Hemiplegia and hemiparesis following unspecified cerebrovascular disease        | I69.951   |
        | Hemiplegia and hemiparesis following unspecified cerebrovascular disease        | I69.952   |
        | Hemiplegia and hemiparesis following unspecified cerebrovascular disease        | I69.953   |
        | Hemiplegia and hemiparesis following unspecified cerebrovascular disease        | I69.954   |
        | Hemiplegia and hemiparesis following unspecified cerebrovascular disease        | I69.959   |
        | Injury of the spinal cord, sequela                                              | S14.0XXS  |
        | Injury of the spinal cord, sequela                                              | S14.101S  |
        | Injury of the spinal cord, sequela                                              | S14.102S  |
        | Injury of the spinal cord, sequela                                              | S14.103S  |
        | Injury of the spinal cord, sequela                                              | S14.104S  |
        | Injury of the spinal cord, sequela                                              | S14.105S  |
        | Injury of the spinal cord, sequela                                              | S14.106S  |
        | Injury of the spinal cord, sequela                                              | S14.107S  |
        | Injury of the spinal cord, sequela                                              | S14.108S  |
        | Injury of the spinal cord, sequela                                              | S14.109S  |
        | Injury of the spinal cord, sequela                                              | S14.111S  |
        | Injury of the spinal cord, sequela                                              | S14.112S  |
        | Injury of the spinal cord, sequela                                              | S14.113S  |
        | Injury of the spinal cord, sequela                                              | S14.114S  |
        | Injury of the spinal cord, sequela                                              | S14.115S  |
        | Injury of the spinal cord, sequela                                              | S14.116S  |
        | Injury of the spinal cord, sequela                                              | S14.117S  |
        | Injury of the spinal cord, sequela                                              | S14.118S  |
        | Injury of the spinal cord, sequela                                              | S14.119S  |
        | Injury of the spinal cord, sequela                                              | S14.121S  |
        | Injury of the spinal cord, sequela                                              | S14.122S  |
        | Injury of the spinal cord, sequela                                              | S14.123S  |
        | Injury of the spinal cord, sequela                                              | S14.124S  |
        | Injury of the spinal cord, sequela                                              | S14.125S  |
        | Injury of the spinal cord, sequela                                              | S14.126S  |
        | Injury of the spinal cord, sequela                                              | S14.127S  |
        | Injury of the spinal cord, sequela                                              | S14.128S  |
        | Injury of the spinal cord, sequela                                              | S14.129S  |
        | Injury of the spinal cord, sequela                                              | S14.131S  |
        | Injury of the spinal cord, sequela                                              | S14.132S  |
        | Injury of the spinal cord, sequela                                              | S14.133S  |
        | Injury of the spinal cord, sequela                                              | S14.134S  |
        | Injury of the spinal cord, sequela                                              | S14.135S  |
        | Injury of the spinal cord, sequela                                              | S14.136S  |
        | Injury of the spinal cord, sequela                                              | S14.137S  |
        | Injury of the spinal cord, sequela                                              | S14.138S  |
        | Injury of the spinal cord, sequela                                              | S14.139S  |
        | Injury of the spinal cord, sequela                                              | S14.141S  |
        | Injury of the spinal cord, sequela                                              | S14.142S  |
        | Injury of the spinal cord, sequela                                              | S14.143S  |
        | Injury of the spinal cord, sequela                                              | S14.144S  |
        | Injury of the spinal cord, sequela                                              | S14.145S  |
        | Injury of the spinal cord, sequela                                              | S14.146S  |
        | Injury of the spinal cord, sequela                                              | S14.147S  |
        | Injury of the spinal cord, sequela                                              | S14.148S  |
        | Injury of the spinal cord, sequela                                              | S14.149S  |
        | Injury of the spinal cord, sequela                                              | S14.151S  |
        | Injury of the spinal cord, sequela                                              | S14.152S  |
        | Injury of the spinal cord, sequela                                              | S14.153S  |
        | Injury of the spinal cord, sequela                                              | S14.154S  |
        | Injury of the spinal cord, sequela                                              | S14.155S  |
        | Injury of the spinal cord, sequela                                              | S14.156S  |
        | Injury of the spinal cord, sequela                                              | S14.157S  |
        | Injury of the spinal cord, sequela                                              | S14.158S  |
        | Injury of the spinal cord, sequela                                              | S14.159S  |
        | Injury of the spinal cord, sequela                                              | S24.0XXS  |
        | Injury of the spinal cord, sequela                                              | S24.101S  |
        | Injury of the spinal cord, sequela                                              | S24.102S  |
        | Injury of the spinal cord, sequela                                              | S24.103S  |
        | Injury of the spinal cord, sequela                                              | S24.104S  |
        | Injury of the spinal cord, sequela                                              | S24.109S  |
        | Injury of the spinal cord, sequela                                              | S24.111S  |
        | Injury of the spinal cord, sequela                                              | S24.112S  |
        | Injury of the spinal cord, sequela                                              | S24.113S  |
        | Injury of the spinal cord, sequela                                              | S24.114S  |
        | Injury of the spinal cord, sequela                                              | S24.119S  |
        | Injury of the spinal cord, sequela                                              | S24.131S  |
        | Injury of the spinal cord, sequela                                              | S24.132S  |
        | Injury of the spinal cord, sequela                                              | S24.133S  |
        | Injury of the spinal cord, sequela                                              | S24.134S  |
        | Injury of the spinal cord, sequela                                              | S24.139S  |
        | Injury of the spinal cord, sequela                                              | S24.141S  |
        | Injury of the spinal cord, sequela                                              | S24.142S  |
        | Injury of the spinal cord, sequela                                              | S24.143S  |
        | Injury of the spinal cord, sequela                                              | S24.144S  |
        | Injury of the spinal cord, sequela                                              | S24.149S  |
        | Injury of the spinal cord, sequela                                              | S24.151S  |
        | Injury of the spinal cord, sequela                                              | S24.152S  |
        | Injury of the spinal cord, sequela                                              | S24.153S  |
        | Injury of the spinal cord, sequela                                              | S24.154S  |
        | Injury of the spinal cord, sequela                                              | S24.159S  |
        | Injury of the spinal cord, sequela                                              | S34.01XS  |
        | Injury of the spinal cord, sequela                                              | S34.02XS  |
        | Injury of the spinal cord, sequela                                              | S34.101S  |
        | Injury of the spinal cord, sequela                                              | S34.102S  |
        | Injury of the spinal cord, sequela                                              | S34.103S  |
        | Injury of the spinal cord, sequela                                              | S34.104S  |
        | Injury of the spinal cord, sequela                                              | S34.105S  |
        | Injury of the spinal cord, sequela                                              | S34.109S  |
        | Injury of the spinal cord, sequela                                              | S34.111S  |
        | Injury of the spinal cord, sequela                                              | S34.112S  |
        | Injury of the spinal cord, sequela                                              | S34.113S  |
        | Injury of the spinal cord, sequela                                              | S34.114S  |
        | Injury of the spinal cord, sequela                                              | S34.115S  |
        | Injury of the spinal cord, sequela                                              | S34.119S  |
        | Injury of the spinal cord, sequela                                              | S34.121S  |
        | Injury of the spinal cord, sequela                                              | S34.122S  |
        | Injury of the spinal cord, sequela                                              | S34.123S  |
        | Injury of the spinal cord, sequela                                              | S34.124S  |
        | Injury of the spinal cord, sequela                                              | S34.125S  |
        | Injury of the spinal cord, sequela                                              | S34.129S  |
        | Injury of the spinal cord, sequela                                              | S34.131S  |
        | Injury of the spinal cord, sequela                                              | S34.132S  |
        | Injury of the spinal cord, sequela                                              | S34.139S  |
        | Traumatic brain injury, sequela                                                 | S06.2X0S  |
        | Traumatic brain injury, sequela                                                 | S06.2X1S  |
        | Traumatic brain injury, sequela                                                 | S06.2X2S  |
        | Traumatic brain injury, sequela                                                 | S06.2X3S  |
        | Traumatic brain injury, sequela                                                 | S06.2X4S  |
        | Traumatic brain injury, sequela                                                 | S06.2X5S  |
        | Traumatic brain injury, sequela                                                 | S06.2X6S  |
        | Traumatic brain injury, sequela                                                 | S06.2X9S  |
        | Traumatic brain injury, sequela                                                 | S06.9X0S  |
        | Traumatic brain injury, sequela                                                 | S06.9X1S  |
        | Traumatic brain injury, sequela                                                 | S06.9X2S  |
        | Traumatic brain injury, sequela                                                 | S06.9X3S  |
        | Traumatic brain injury, sequela                                                 | S06.9X4S  |
        | Traumatic brain injury, sequela                                                 | S06.9X5S  |
        | Traumatic brain injury, sequela                                                 | S06.9X6S  |
        | Traumatic brain injury, sequela                                                 | S06.9X9S  |

  Rule: A symptom, or a condition to be reviewed, is asked about and not denied

    Scenario Outline: The cause is asked for: <diagnosis>, <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | diagnosis-needs-cause | CO    | 16   | M76  | 1    |

      Examples:
        | case                        | diagnosis |
        | Cramp and spasm             | R25.2     |
        | Muscle spasm of back        | M62.830   |
        | Muscle spasm of calf        | M62.831   |
        | Other muscle spasm          | M62.838   |
        | Contracture of muscle       | M62.40    |
        | Contracture of muscle       | M62.411   |
        | Contracture of muscle       | M62.412   |
        | Contracture of muscle       | M62.419   |
        | Contracture of muscle       | M62.421   |
        | Contracture of muscle       | M62.422   |
        | Contracture of muscle       | M62.429   |
        | Contracture of muscle       | M62.431   |
        | Contracture of muscle       | M62.432   |
        | Contracture of muscle       | M62.439   |
        | Contracture of muscle       | M62.441   |
        | Contracture of muscle       | M62.442   |
        | Contracture of muscle       | M62.449   |
        | Contracture of muscle       | M62.451   |
        | Contracture of muscle       | M62.452   |
        | Contracture of muscle       | M62.459   |
        | Contracture of muscle       | M62.461   |
        | Contracture of muscle       | M62.462   |
        | Contracture of muscle       | M62.469   |
        | Contracture of muscle       | M62.471   |
        | Contracture of muscle       | M62.472   |
        | Contracture of muscle       | M62.479   |
        | Contracture of muscle       | M62.48    |
        | Contracture of muscle       | M62.49    |
        | Athetoid cerebral palsy     | G80.3     |
        | Ataxic cerebral palsy       | G80.4     |
        | Other cerebral palsy        | G80.8     |
        | Cerebral palsy, unspecified | G80.9     |
        | Genetic torsion dystonia    | G24.1     |
        | Other dystonia              | G24.8     |
        | Dystonia, unspecified       | G24.9     |

  Rule: A category must be coded to its full length

    Scenario Outline: The category alone is denied: <diagnosis>, <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc    | line |
        | diagnosis-header | CO    | 16   | M76 M81 | 1    |

      Examples:
        | case                           | diagnosis |
        | Cerebral palsy                 | G80       |
        | Hemiplegia and hemiparesis     | G81       |
        | Spastic hemiplegia             | G81.1     |
        | Paraplegia and quadriplegia    | G82       |
        | Paraplegia                     | G82.2     |
        | Quadriplegia                   | G82.5     |
        | Motor neuron disease           | G12.2     |
        | Abnormal involuntary movements | R25       |
        | Contracture of muscle          | M62.4     |
        | Muscle spasm                   | M62.83    |
        | I69.05                         | I69.05    |
        | I69.15                         | I69.15    |
        | I69.25                         | I69.25    |
        | I69.35                         | I69.35    |
        | I69.85                         | I69.85    |
        | I69.95                         | I69.95    |
        | S14.1                          | S14.1     |
        | S24.1                          | S24.1     |
        | S34.1                          | S34.1     |
