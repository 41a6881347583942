Feature: Commercial Strict: the preauthorization request itself

  A request is decided on necessity, before anything was given. It is never asked for an authorization,
  and what lies on file does not count against it. What is not known is asked for.

  Rule: A request is not asked for an authorization

    Background:
      Given the example refill-request of Commercial Strict for J0945

    Scenario: A refill needs preauthorization, and the request for it is approved
      When the request is decided
      Then it is approved
      And it asks nothing
      And preauthorization.needed is concluded to be yes
      And preauthorization.enforced is concluded to be no

    Scenario: None on file is no reason to deny the request
      Given no authorization is on file
      When the request is decided
      Then it is approved
      And rule preauthorization-enforced does not hold
      And rule authorization-number-missing does not hold
      And rule authorization-absent does not hold

    Scenario Outline: An earlier authorization that is <status> decides nothing about a new request
      Given this authorization is on file
        | field         | value             |
        | number        | A-100             |
        | status        | <status>          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 0                 |
        | units used    | 0                 |
        | requested on  | 2025-03-18        |
      When the request is decided
      Then it is approved
      And authorization.matches is concluded to be no
      And rule authorization-refused does not hold
      And rule authorization-pending does not hold
      And rule authorization-cancelled does not hold
      And rule authorization-requested-late does not hold
      And rule authorization-units-exceeded does not hold

      Examples:
        | status    |
        | pending   |
        | refused   |
        | cancelled |
        | approved  |

    Scenario: An authorization that was approved before does not settle the necessity of a new pump
      Given it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      And this authorization is on file
        | field         | value             |
        | number        | A-100             |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | J0945             |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | replacement-not-needed | CO    | 50   | N661 |

    Scenario: A request with a drug line is decided like one without
      Given these claim lines
        | code  | units |
        | J0945 | 4     |
      When the request is decided
      Then it is approved
      And line 1 is approved

    Scenario: What only a claim must have is not asked of a request
      Given these claim lines
        | code  | units |
        | J0945 |       |
      When the request is decided
      Then it is approved
      And rule units-not-whole does not hold
      And rule ndc-missing does not hold
      And rule jz-missing does not hold
      And rule first-fill-records-missing does not hold

  Rule: A request for a screening trial

    Background:
      Given the example screening-request of Commercial Strict for J0945 on 2025-03-17
      And the request has plan P1
      And the request has member id M1
      And the request has billing npi 1234567893
      And it is known that the length of oral therapy is 6 weeks

    Scenario: Oral therapy failed and nothing rules out the trial
      When the request is decided
      Then it is approved
      And it asks nothing
      And preauthorization.needed is concluded to be yes

    Scenario: A trial is not asked for an earlier trial
      Given nothing is known about the response to the screening trial
      When the request is decided
      Then it is approved
      And rule trial-not-shown does not hold

    Scenario: Oral therapy comes before the trial
      Given nothing is known about the outcome of oral antispasmodics
      When the request is decided
      Then it is pended
      And it asks for the outcome of oral antispasmodics

    Scenario Outline: Oral and physical therapy last six weeks, unless the drugs were not tolerated - <oral therapy>
      Given these facts
        | fact                                           | value      |
        | the outcome of oral antispasmodics             | <outcome>  |
        | the length of oral therapy                     | <length>   |
        | physical therapy was given beside oral therapy | <physical> |
      When the request is decided
      Then it is <decision>
      And rule oral-therapy-not-shown <so>

      Examples:
        | oral therapy                           | outcome       | length  | physical | decision               | so            |
        | inadequate after six weeks             | inadequate    | 42 days | yes      | approved               | does not hold |
        | inadequate after a day less            | inadequate    | 41 days | yes      | recommended for denial | holds         |
        | inadequate, without physical therapy   | inadequate    | 42 days | no       | recommended for denial | holds         |
        | inadequate, date not known             | inadequate    |         | yes      | pended                 | is not known  |
        | inadequate, physical therapy not known | inadequate    | 42 days |          | pended                 | is not known  |
        | not tolerated after a day              | not tolerated | 1 day   | no       | approved               | does not hold |
        | not tolerated, date not known          | not tolerated |         |          | approved               | does not hold |
        | it works                               | effective     | 90 days | yes      | recommended for denial | holds         |
        | not tried                              | not tried     | 0 days  | no       | recommended for denial | holds         |

    Scenario: The size of the body is of no concern before a trial
      Given it is known that contraindication.body_too_small is yes
      When the request is decided
      Then it is approved

    Scenario: An infection is
      Given it is known that contraindication.active_infection is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N130 |

  Rule: A request for the pump and its first fill

    Background:
      Given the example pump-request of Commercial Strict for J0945 on 2025-03-17
      And the request has plan P1
      And the request has member id M1
      And the request has billing npi 1234567893
      And it is known that the length of oral therapy is 6 weeks
      And it is known that the date of the screening trial is 2025-02-01

    Scenario: Oral therapy failed, the trial was favorable, nothing rules it out
      When the request is decided
      Then it is approved
      And it asks nothing
      And no rule denies it

    Scenario: The date of an implant that is still to come is not asked
      When the request is decided
      Then it does not ask for the date of the pump implant
      And rule trial-after-implant does not hold
      And rule trial-on-implant-day does not hold

    Scenario Outline: What is not known is asked, and nothing is denied for it - <fact>
      Given nothing is known about <fact>
      When the request is decided
      Then it is pended
      And no rule denies it
      And it asks for <fact>
      And the information request is CO 252 with N706

      Examples:
        | fact                                             |
        | the outcome of oral antispasmodics               |
        | the length of oral therapy                       |
        | physical therapy was given beside oral therapy   |
        | where the spasticity comes from                  |
        | the Ashworth grade before the trial              |
        | the Ashworth grade after the trial               |
        | how long the response lasted                     |
        | the decisive screening dose                      |
        | allergy or hypersensitivity to baclofen          |
        | an active infection                              |
        | a psychosis                                      |
        | a history of autonomic dysreflexia               |
        | a body too small for the pump                    |
        | another programmable device that could interfere |

    Scenario: The date of birth is not known
      Given the request has no birth date
      When the request is decided
      Then it is pended
      And it first asks for patient.birth_date

    Scenario Outline: The reasons for which a pump is not authorized - <what>
      Given it is known that <fact> is <value>
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule   | group | carc   | rarc   |
        | <rule> | CO    | <carc> | <rarc> |

      Examples:
        | what                         | fact                                             | value     | rule                   | carc | rarc |
        | oral therapy a day too short | the length of oral therapy                       | 41 days   | oral-therapy-not-shown | 50   | N130 |
        | oral therapy works           | the outcome of oral antispasmodics               | effective | oral-therapy-not-shown | 50   | N130 |
        | no physical therapy          | physical therapy was given beside oral therapy   | no        | oral-therapy-not-shown | 50   | N130 |
        | a response of three hours    | how long the response lasted                     | 3 hours   | trial-not-shown        | 50   | N674 |
        | an allergy                   | allergy or hypersensitivity to baclofen          | yes       | contraindicated        | 50   | N130 |
        | an infection                 | an active infection                              | yes       | contraindicated        | 50   | N130 |
        | too small for the pump       | a body too small for the pump                    | yes       | contraindicated        | 50   | N130 |
        | another device               | another programmable device that could interfere | yes       | contraindicated        | 50   | N130 |

    Scenario Outline: The response is measured on a scale: two points for four hours - <response>
      Given these facts
        | fact                                | value             |
        | the Ashworth grade before the trial | <Ashworth before> |
        | the Ashworth grade after the trial  | <Ashworth after>  |
        | the spasm score before the trial    | <spasms before>   |
        | the spasm score after the trial     | <spasms after>    |
        | how long the response lasted        | <lasted>          |
      When the request is decided
      Then it is <decision>
      And rule trial-not-shown <so>

      Examples:
        | response                            | Ashworth before | Ashworth after | spasms before | spasms after | lasted    | decision               | so            |
        | two grades for four hours           | 3               | 1              | 3             | 3            | 4 hours   | approved               | does not hold |
        | two spasm points for four hours     | 3               | 3              | 3             | 1            | 4 hours   | approved               | does not hold |
        | two grades for less than four hours | 3               | 1              | 3             | 1            | 3.9 hours | recommended for denial | holds         |
        | one point on either scale           | 3               | 2              | 3             | 2            | 4 hours   | recommended for denial | holds         |
        | one grade, spasms not known         | 3               | 2              |               |              | 4 hours   | pended                 | is not known  |

    Scenario: A response that is called favorable but was not measured is not enough
      Given nothing is known about the Ashworth grade before the trial
      And nothing is known about the Ashworth grade after the trial
      When the request is decided
      Then it is pended
      And no rule denies it
      And it asks for the Ashworth grade before the trial

    Scenario Outline: A brain injury is a year old on the day of service - <injured>
      Given these facts
        | fact                            | value    |
        | where the spasticity comes from | <origin> |
        | the date of the brain injury    | <injury> |
      When the request is decided
      Then it is <decision>
      And rule recent-brain-injury <so>

      Examples:
        | injured                             | origin                 | injury     | decision               | so            |
        | a year ago today                    | traumatic brain injury | 2024-03-17 | approved               | does not hold |
        | a year ago tomorrow                 | traumatic brain injury | 2024-03-18 | recommended for denial | holds         |
        | date not known                      | traumatic brain injury |            | pended                 | is not known  |
        | recently, but that is not the cause | spinal                 | 2025-01-01 | approved               | does not hold |

    Scenario Outline: What this payer has a person look at - <what>
      Given it is known that <what> is yes
      When the request is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                     |
        | psychosis-or-dysreflexia |

      Examples:
        | what                               |
        | a psychosis                        |
        | a history of autonomic dysreflexia |

    Scenario: No response to the largest dose gives both reasons
      Given these facts
        | fact                                | value         |
        | the Ashworth grade after the trial  | 3             |
        | the spasm score before the trial    | 3             |
        | the spasm score after the trial     | 3             |
        | the response to the screening trial | not favorable |
        | the decisive screening dose         | 100 mcg       |
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule               | group | carc | rarc |
        | trial-not-shown    | CO    | 50   | N674 |
        | trial-nonresponder | CO    | 50   | N674 |

    Scenario Outline: The patient is four years old on the day of service - <birthday>
      Given the request has birth date <birth date>
      When the request is decided
      Then it is <decision>
      And rule too-young <so>

      Examples:
        | birthday      | birth date | decision | so            |
        | four today    | 2021-03-17 | approved | does not hold |
        | four tomorrow | 2021-03-18 | denied   | holds         |

    Scenario Outline: Departures from the screening protocol pend for review - <departure>
      Given these facts
        | fact                                          | value   |
        | the decisive screening dose                   | <dose>  |
        | the number of screening doses given           | <doses> |
        | the time between the last two screening doses | <hours> |
      When the request is decided
      Then it is <decision>
      And no rule denies it
      And rule trial-dose-above-protocol <dose too high>
      And rule trial-doses-too-close <too close>

      Examples:
        | departure                    | dose    | doses | hours    | decision | dose too high | too close     |
        | none, 100 mcg after 24 hours | 100 mcg | 3     | 24 hours | approved | does not hold | does not hold |
        | 101 mcg                      | 101 mcg | 3     | 24 hours | pended   | holds         | does not hold |
        | 23 hours between doses       | 100 mcg | 3     | 23 hours | pended   | does not hold | holds         |
        | one dose only                | 50 mcg  | 1     |          | approved | does not hold | does not hold |

  Rule: Requests for what comes after the pump is in

    Background:
      Given the example refill-request of Commercial Strict for J0945

    Scenario Outline: After the implant nothing clinical is asked - <phase>
      Given it is known that the phase of therapy is <phase>
      When the request is decided
      Then it is approved
      And it asks nothing
      And preauthorization.needed is concluded to be yes

      Examples:
        | phase             |
        | refill            |
        | dose change       |
        | catheter revision |

    Scenario Outline: A pump is replaced when its battery is empty or it cannot be repaired - <reason>
      Given these facts
        | fact                           | value       |
        | the phase of therapy           | replacement |
        | the reason for the replacement | <reason>    |
      When the request is decided
      Then it is <decision>
      And rule replacement-not-needed <so>

      Examples:
        | reason         | decision               | so            |
        | end of battery | approved               | does not hold |
        | irreparable    | approved               | does not hold |
        | upgrade        | recommended for denial | holds         |
        | other          | recommended for denial | holds         |
        |                | pended                 | is not known  |

    Scenario: Coding counts in a request too
      Given the diagnoses E11.9
      When the request is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc |
        | diagnosis-not-covered | CO    | 11   | M76  |

    Scenario: While the phase is not known a request waits for it
      Given nothing is known about the phase of therapy
      When the request is decided
      Then it is pended
      And no rule denies it
      And it asks for the phase of therapy
