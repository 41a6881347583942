Feature: Medicare: what rules out a pump, and what does not

  NCD 280.14 names four contraindications: allergy or hypersensitivity to the drug, an active
  infection, a body too small for the device, and another implanted programmable device that could
  interfere. Each must be answered: not knowing of one is not the same as knowing that there is none.
  The text names no age and says nothing of brain injuries or of the mind.

  Rule: No contraindication to a pump may be present

    Background: The first fill of a new pump, with everything in order
      Given the example first-fill of Medicare for J0945
      And it is known that contraindication.active_infection is yes

    Scenario: A first fill with everything in order is paid
      Given it is known that contraindication.active_infection is no
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And it asks nothing
      And rule contraindicated does not hold

    Scenario Outline: One contraindication is enough to deny: <case>
      Given it is known that contraindication.active_infection is no
      And it is known that <contraindication> is yes
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc | line |
        | contraindicated | CO    | 50   | N386 | 1    |

      Examples:
        | case                                | contraindication                                 |
        | an allergy to the drug              | allergy or hypersensitivity to baclofen          |
        | an active infection                 | an active infection                              |
        | a body too small for the pump       | a body too small for the pump                    |
        | another device that could interfere | another programmable device that could interfere |

    Scenario: Four contraindications are reported once
      Given it is known that contraindication.hypersensitivity is yes
      And it is known that contraindication.body_too_small is yes
      And it is known that contraindication.device_crosstalk is yes
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N386 |

    Scenario Outline: A contraindication without an answer is asked for, and not denied: <case>
      Given it is known that contraindication.active_infection is no
      And nothing is known about <contraindication>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule contraindicated is not known
      And it first asks for <contraindication>
      And the information request is CO 252 with N706

      Examples:
        | case                                | contraindication                                 |
        | an allergy to the drug              | allergy or hypersensitivity to baclofen          |
        | an active infection                 | an active infection                              |
        | a body too small for the pump       | a body too small for the pump                    |
        | another device that could interfere | another programmable device that could interfere |

    Scenario: One that is present settles the claim before the others are answered
      Given nothing is known about contraindication.body_too_small
      When the claim is decided
      Then it is recommended for denial
      And the reason is CO 50 with N386 from rule contraindicated

    Scenario: Everything that is wrong is reported at once, not only the first reason
      Given it is known that the length of oral therapy is 41 days
      And it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 100 mcg
      And it is known that the date of the screening trial is 2025-03-04
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | contraindicated        | CO    | 50   | N386 | 1    |
        | oral-therapy-not-shown | CO    | 50   | N386 | 1    |
        | trial-after-implant    | CO    | 50   | N674 | 1    |
        | trial-nonresponder     | CO    | 50   | N674 | 1    |
        | trial-not-shown        | CO    | 50   | N674 | 1    |

  Rule: The text is silent on age, brain injuries and the mind, and so is Medicare

    Background: The first fill of a new pump, with everything in order
      Given the example first-fill of Medicare for J0945

    Scenario Outline: A young child is not turned away: <case>
      Given the claim has birth date <birth>
      When the claim is decided
      Then it is approved
      And rule too-young does not hold

      Examples:
        | case             | birth      |
        | two years old    | 2023-03-03 |
        | a day short of 4 | 2021-03-04 |

    Scenario: The age is not asked for
      When the claim is decided
      Then it is approved
      And rule too-young does not hold
      And it does not ask for the date of birth

    Scenario: A brain injury of last month does not count against the patient
      Given it is known that where the spasticity comes from is traumatic brain injury
      And it is known that the date of the brain injury is 2025-02-03
      When the claim is decided
      Then it is approved
      And rule recent-brain-injury does not hold

    Scenario Outline: A clinician need not look at <case>
      Given it is known that <condition> is yes
      When the claim is decided
      Then it is approved
      And rule psychosis-or-dysreflexia does not hold

      Examples:
        | case                               | condition                          |
        | a psychosis                        | a psychosis                        |
        | a history of autonomic dysreflexia | a history of autonomic dysreflexia |

  Rule: Only an allergy and an infection speak against a screening dose

    Scenario Outline: <case> is denied
      Given the example screening-dose of Medicare for J0945
      And it is known that <contraindication> is yes
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc | line |
        | contraindicated | CO    | 50   | N386 | 1    |

      Examples:
        | case                                             | contraindication                        |
        | A screening dose in spite of an allergy          | allergy or hypersensitivity to baclofen |
        | A screening dose in spite of an active infection | an active infection                     |

    Scenario Outline: <case> only matters to a pump
      Given the example screening-dose of Medicare for J0945
      And it is known that <contraindication> is yes
      When the claim is decided
      Then it is approved
      And rule contraindicated does not hold

      Examples:
        | case                                | contraindication                                 |
        | A body too small for it             | a body too small for the pump                    |
        | Another device that could interfere | another programmable device that could interfere |

    Scenario Outline: <case> is asked for before a screening dose, and not denied
      Given the example screening-dose of Medicare for J0945
      And nothing is known about <contraindication>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for <contraindication>
      And it does not ask for a body too small for the pump
      And it does not ask for another programmable device that could interfere

      Examples:
        | case                | contraindication                        |
        | An allergy          | allergy or hypersensitivity to baclofen |
        | An active infection | an active infection                     |

  Rule: A pump is replaced at the end of its battery, or when it cannot be repaired

    Background: A new pump in place of an old one, like for like
      Given the example refill-with-procedure of Medicare for J0945
      And line 2 has code E0786

    Scenario Outline: A replacement is paid: <case>
      Given it is known that the reason for the replacement is <reason>
      When the claim is decided
      Then it is approved
      And the phase of therapy is concluded to be replacement
      And it asks nothing

      Examples:
        | case                        | reason         |
        | the battery is at its end   | end of battery |
        | the pump cannot be repaired | irreparable    |

    Scenario Outline: A pump that still works is not replaced: <case>
      Given it is known that the reason for the replacement is <reason>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | replacement-not-needed | CO    | 50   | N661 | 1    |

      Examples:
        | case                 | reason  |
        | for a newer model    | upgrade |
        | for any other reason | other   |

    Scenario: A replacement that gives no reason is asked for it, and not denied
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule replacement-not-needed is not known
      And it first asks for the reason for the replacement

    Scenario: An implant procedure that replaces an old pump is a replacement where the claim says so
      Given line 2 has code 62362
      And it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is end of battery
      When the claim is decided
      Then it is approved
      And rule trial-not-shown does not hold
      And rule oral-therapy-not-shown does not hold

    Scenario Outline: The reason for a replacement does not matter to <case>
      Given line 2 has code <procedure>
      And it is known that the reason for the replacement is upgrade
      When the claim is decided
      Then it is approved
      And rule replacement-not-needed does not hold

      Examples:
        | case                 | procedure |
        | a refill             | 62369     |
        | a change of the dose | 62368     |

  Rule: The care of a pump that is in place is not stopped by clinical questions

    Background:
      Given the example refill-with-procedure of Medicare for J0945

    Scenario Outline: <case> asks nothing clinical and is paid
      Given line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And it asks nothing
      And the phase of therapy is concluded to be <phase>

      Examples:
        | case                           | procedure | phase       |
        | A refill with reprogramming    | 62369     | refill      |
        | A refill by a physician        | 62370     | refill      |
        | A refill without reprogramming | 95990     | refill      |
        | The same by a physician        | 95991     | refill      |
        | A refill kit                   | A4220     | refill      |
        | A change of the dose           | 62368     | dose change |

    Scenario Outline: A contraindication does not stop <case>
      Given line 2 has code <procedure>
      And these facts
        | fact                                             | value          |
        | allergy or hypersensitivity to baclofen          | yes            |
        | an active infection                              | yes            |
        | a body too small for the pump                    | yes            |
        | another programmable device that could interfere | yes            |
        | the reason for the replacement                   | end of battery |
      When the claim is decided
      Then it is approved
      And rule contraindicated does not hold

      Examples:
        | case                              | procedure |
        | a refill                          | 62369     |
        | a change of the dose              | 62368     |
        | a new pump in place of an old one | E0786     |

    Scenario Outline: A long pause between refills is noted and never denied: <case>
      Given it is known that the date of the previous refill is <previous>
      When the claim is decided
      Then it is approved
      And it advises by rule refill-overdue

      Examples:
        | case     | previous   |
        | 181 days | 2024-09-03 |
        | a year   | 2024-03-03 |

    Scenario Outline: A refill in good time is not noted: <case>
      Given it is known that the date of the previous refill is <previous>
      When the claim is decided
      Then it is approved
      And rule refill-overdue does not hold

      Examples:
        | case         | previous   |
        | 180 days     | 2024-09-04 |
        | a week       | 2025-02-24 |
        | the same day | 2025-03-03 |

    Scenario: The previous refill is not asked for
      When the claim is decided
      Then it is approved
      And rule refill-overdue is not known
      And it asks nothing

    Scenario: A long pause is noted on refills only
      Given line 2 has code 62368
      And it is known that the date of the previous refill is 2024-03-03
      When the claim is decided
      Then it is approved
      And rule refill-overdue does not hold

    Scenario: A claim that does not say what was done is asked for the phase, and not denied
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the phase of therapy

  Rule: Void claim: no payment due, so nothing counts against it

    Scenario Outline: A void with everything against it is not denied: <case>
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has frequency 8
      And line 2 has code <procedure>
      And these facts
        | fact                                             | value         |
        | the outcome of oral antispasmodics               | not tried     |
        | the response to the screening trial              | not favorable |
        | the decisive screening dose                      | 125 mcg       |
        | the date of the screening trial                  | 2025-03-04    |
        | the date of the previous refill                  | 2024-03-03    |
        | allergy or hypersensitivity to baclofen          | yes           |
        | an active infection                              | yes           |
        | a body too small for the pump                    | yes           |
        | another programmable device that could interfere | yes           |
        | the reason for the replacement                   | upgrade       |
        | what became of the payer's request for records   | not supplied  |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | line |
        | void-asks-for-nothing | 1    |
      And rule refill-overdue does not hold

      Examples:
        | case                | procedure |
        | of a screening dose | 62322     |
        | of a first fill     | 62362     |
        | of a replacement    | E0786     |
        | of a refill         | 62369     |

  Rule: A procedure that implants a pump begins the therapy

    Scenario Outline: It is the first phase, and asks for a trial: <procedure>
      Given the example refill-with-procedure of Medicare for J0945
      But line 2 has code <procedure>
      And it is known that the response to the screening trial is not favorable
      When the claim is decided
      Then it is recommended for denial
      And the phase of therapy is concluded to be initial
      And the reason is CO 50 with N674 from rule trial-not-shown

      Examples:
        | case                     | procedure |
        | a reservoir              | 62360     |
        | a pump, not programmable | 62361     |
        | a programmable pump      | 62362     |
